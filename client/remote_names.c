/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "remote_names.h"

#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "clock.h"
#include "paths.h"

#define FOLDERS		4	/* that are kept */
#define GOOD_MS		5000	/* so long each */
#define WAIT_S		3	/* for one listing */
#define KEPT_MOST	(4u << 20)	/* bytes of names of one folder */

struct folder {
	char		*path;		/* owned; NULL: none is kept here */
	char		*prefix;	/* owned; only names with that */
	uint64_t	 listed;	/* clock_ms */
	char		*kept;		/* owned; 'd' or 'f', name, NUL, ... */
	size_t		 len, room;
};

struct remote_names {
	struct client	*client;	/* borrowed */
	struct folder	 folders[FOLDERS];
	size_t		 oldest;	/* its place is taken next */
	struct call	 call;		/* its folder is the next one */
	bool		 is_asked;	/* the call may be on its way */
	const char	*wanted;	/* prefix, while it is */
};

static void
drop_folder(struct folder *folder)
{
	free(folder->path);
	free(folder->prefix);
	free(folder->kept);
	memset(folder, 0, sizeof(*folder));
}

enum status
remote_names_new(struct remote_names **out, struct client *client)
{
	if ((*out = calloc(1, sizeof(**out))) == NULL)
		return status_no_memory();
	(*out)->client = client;
	return STATUS_OK;
}

void
remote_names_free(struct remote_names *names)
{
	if (names == NULL)
		return;
	/* Nobody else ends a call that the server does not answer. */
	if (names->is_asked && !names->call.done)
		(void)remote_lose(names->client->remote,
		    status_set(STATUS_CANCELLED, "interrupted"));
	free(names->call.text);
	remote_names_forget(names);
	free(names);
}

void
remote_names_forget(struct remote_names *names)
{
	size_t i;

	for (i = 0; i < FOLDERS; i++)
		drop_folder(&names->folders[i]);
}

/*
 * --- Listing ----------------------------------------------------------------
 */

static bool
begins(const char *name, size_t len, const char *prefix)
{
	size_t n = strlen(prefix);

	return n <= len && memcmp(name, prefix, n) == 0;
}

/* There are too many: from now on only those that are asked for are kept. */
static void
keep_wanted(struct folder *folder, const char *prefix)
{
	size_t from, to = 0, len;

	for (from = 0; from < folder->len; from += len) {
		len = strlen(folder->kept + from) + 1;
		if (!begins(folder->kept + from + 1, len - 2, prefix))
			continue;
		memmove(folder->kept + to, folder->kept + from, len);
		to += len;
	}
	folder->len = to;
}

static enum status
make_room(struct remote_names *names, struct folder *folder, size_t more)
{
	size_t room = folder->room == 0 ? 4096 : folder->room;
	char *kept;

	if (folder->len + more > KEPT_MOST && *folder->prefix == '\0' &&
	    *names->wanted != '\0') {
		free(folder->prefix);
		if ((folder->prefix = strdup(names->wanted)) == NULL)
			return status_no_memory();
		keep_wanted(folder, folder->prefix);
	}
	if (folder->len + more > KEPT_MOST)
		return status_set(STATUS_NO_MEMORY, "too many names");
	while (room < folder->len + more)
		room *= 2;
	if ((kept = realloc(folder->kept, room)) == NULL)
		return status_no_memory();
	folder->kept = kept;
	folder->room = room;
	return STATUS_OK;
}

static enum status
keep(struct remote_names *names, struct folder *folder,
    const struct ft1_entry *entry)
{
	enum status st;

	if (!reply_is_name(entry))
		return status_set(STATUS_PROTOCOL, "the server sent a name "
		    "that no file can have");
	if (!begins(entry->name, entry->name_len, folder->prefix))
		return STATUS_OK;
	st = make_room(names, folder, entry->name_len + 2);
	if (st != STATUS_OK ||
	    !begins(entry->name, entry->name_len, folder->prefix))
		return st;
	folder->kept[folder->len] = entry->type == 'd' ? 'd' : 'f';
	memcpy(folder->kept + folder->len + 1, entry->name, entry->name_len);
	folder->len += entry->name_len + 2;
	folder->kept[folder->len - 1] = '\0';
	return STATUS_OK;
}

static enum status
take_entries(struct call *call, const struct frame *frame)
{
	struct remote_names *names = call->owner;
	struct folder *folder = &names->folders[names->oldest];
	const uint8_t *row = frame->payload;
	size_t len = frame->header.length;
	struct ft1_entry entry;
	enum status st = STATUS_OK;
	enum ft1_next next = FT1_END;

	if (frame->header.type != FT1_ENTRIES)
		return frame->header.type == FT1_OK ? STATUS_OK :
		    status_set(STATUS_PROTOCOL, "the server answered a list "
		    "with a frame of type %u", frame->header.type);
	/* Given up, and forgotten. */
	if (folder->path == NULL)
		return STATUS_OK;
	while (st == STATUS_OK &&
	    (next = ft1_entry_next(&entry, &row, &len)) == FT1_FIELD)
		st = keep(names, folder, &entry);
	if (next == FT1_BROKEN)
		return status_set(STATUS_PROTOCOL,
		    "the server sent a broken listing");
	return st;
}

/* The server is to stop; its answer is not waited for. */
static void
give_up(struct remote_names *names, enum status st)
{
	struct remote *remote = names->client->remote;

	call_fail(&names->call, st);
	if (names->call.cancelled || names->call.done)
		return;
	names->call.cancelled = true;
	(void)remote_more(remote, FT1_CANCEL, 0, &names->call);
	(void)remote_send(remote);
	(void)remote_push(remote);
}

static bool
is_over(int timer)
{
	uint64_t times;

	return read(timer, &times, sizeof(times)) == sizeof(times);
}

static void
await(struct remote_names *names, int timer)
{
	struct remote *remote = names->client->remote;

	while (!names->call.done && remote_lost(remote) == STATUS_OK &&
	    !names->call.failed) {
		if (remote_is_interrupted(remote))
			give_up(names, status_set(STATUS_CANCELLED,
			    "interrupted"));
		else if (is_over(timer))
			give_up(names, status_set(STATUS_TIMEOUT,
			    "the listing takes too long"));
		else
			(void)remote_wait_fd(remote, &names->call, timer);
	}
	if (names->call.failed)
		give_up(names, names->call.outcome);
}

static enum status
list_now(struct remote_names *names, const char *path)
{
	struct remote *remote = names->client->remote;
	struct itimerspec limit = { .it_value.tv_sec = WAIT_S };
	struct ft1_frame *frame;
	int timer;

	timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (timer == -1 || timerfd_settime(timer, 0, &limit, NULL) == -1) {
		if (timer != -1)
			close(timer);
		return status_errno("timer");
	}
	free(names->call.text);
	names->call = (struct call){ .receiver = take_entries,
	    .owner = names };
	names->is_asked = true;
	frame = remote_request(remote, FT1_LIST, 0, &names->call);
	if (*path != '\0')
		ft1_put_string(frame, FT1_TAG_PATH, path);
	(void)remote_send(remote);
	await(names, timer);
	close(timer);
	return names->call.failed || names->call.done ? names->call.outcome :
	    remote_lost(remote);
}

/* Is there a listing that was given up, and has not ended yet? */
static bool
is_busy(struct remote_names *names)
{
	if (!names->is_asked || names->call.done)
		return false;
	(void)remote_look(names->client->remote);
	return !names->call.done;
}

static enum status
list_folder(struct remote_names *names, const char *path, const char *prefix)
{
	struct folder *folder = &names->folders[names->oldest];
	enum status st;

	if ((st = path_check(path)) != STATUS_OK)
		return st;
	if (is_busy(names))
		return status_set(STATUS_BUSY, "the server is still at it");
	drop_folder(folder);
	folder->path = strdup(path);
	folder->prefix = strdup("");
	names->wanted = prefix;
	if (folder->path == NULL || folder->prefix == NULL)
		st = status_no_memory();
	if (st == STATUS_OK)
		st = list_now(names, path);
	names->wanted = "";
	if (st != STATUS_OK) {
		drop_folder(folder);
		return st;
	}
	folder->listed = clock_ms();
	names->oldest = (names->oldest + 1) % FOLDERS;
	return STATUS_OK;
}

/*
 * --- Finding ----------------------------------------------------------------
 */

static const struct folder *
find_folder(const struct remote_names *names, const char *path,
    const char *prefix)
{
	const struct folder *folder;
	size_t i;

	for (i = 0; i < FOLDERS; i++) {
		folder = &names->folders[i];
		if (folder->path != NULL && strcmp(folder->path, path) == 0 &&
		    begins(prefix, strlen(prefix), folder->prefix) &&
		    clock_ms() - folder->listed < GOOD_MS)
			return folder;
	}
	return NULL;
}

enum status
remote_names_find(struct remote_names *names, const char *path,
    const char *prefix, remote_names_taker *take, void *owner)
{
	const struct folder *folder = find_folder(names, path, prefix);
	enum status st = STATUS_OK;
	size_t at, len;

	if (folder == NULL) {
		if ((st = list_folder(names, path, prefix)) != STATUS_OK)
			return st;
		folder = &names->folders[(names->oldest + FOLDERS - 1) %
		    FOLDERS];
	}
	for (at = 0; at < folder->len && st == STATUS_OK; at += len) {
		len = strlen(folder->kept + at) + 1;
		if (begins(folder->kept + at + 1, len - 2, prefix))
			st = take(owner, folder->kept + at + 1,
			    folder->kept[at] == 'd');
	}
	return st;
}
