/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "get_links.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "below.h"
#include "errands.h"
#include "link_text.h"
#include "paths.h"

/* Under another name first: what has the name is replaced, or stays. */
static bool
make_at(int fd, const char *name, const char *text,
    const struct timespec times[2])
{
	char temporary[64];
	uint64_t number;
	bool good;

	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		return false;
	snprintf(temporary, sizeof(temporary), ".link.%016llx.part",
	    (unsigned long long)number);
	if (symlinkat(text, fd, temporary) == -1)
		return false;
	good = (times == NULL ||
	    utimensat(fd, temporary, times, AT_SYMLINK_NOFOLLOW) == 0) &&
	    renameat(fd, temporary, fd, name) == 0;
	if (!good) {
		int error = errno;

		(void)unlinkat(fd, temporary, 0);
		errno = error;
	}
	return good;
}

/* Only a link has to make way for one. */
static bool
is_free(int fd, const char *name)
{
	struct stat sb;

	if (fstatat(fd, name, &sb, AT_SYMLINK_NOFOLLOW) == -1)
		return errno == ENOENT;
	errno = EEXIST;
	return S_ISLNK(sb.st_mode);
}

static bool
make(const struct get_links *links, const struct remote_entry *entry,
    const char *text)
{
	const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT },
		{ .tv_sec = (time_t)entry->mtime.seconds,
		  .tv_nsec = (long)entry->mtime.nanoseconds } };
	const char *name;
	bool good;
	int fd;

	if ((fd = below_parent(links->top, entry->path, &name)) == -1)
		return false;
	good = is_free(fd, name) && make_at(fd, name, text,
	    links->keeps ? times : NULL);
	close(fd);
	return good;
}

static void
skip(const struct get_links *links, const char *path)
{
	tally_skip(links->client->settings, path,
	    "is a symbolic link that leads out of the folder");
}

static void
learned(void *owner, const struct errand *errand, enum status st)
{
	const struct get_links *links = owner;
	const struct remote_entry *entry = &links->tree->at[errand->number];
	char *local;

	/* The server itself tells none that leads out of the root. */
	if (st == STATUS_BAD_PATH) {
		skip(links, errand->path);
		return;
	}
	if (st != STATUS_OK || errand->found->link == NULL) {
		tally_fail(links->tally, errand->path, st != STATUS_OK ? st :
		    status_set(STATUS_CHANGED, "%s: is no link any more",
		    errand->path));
		return;
	}
	if (!link_text_stays(entry->path, errand->found->link)) {
		skip(links, errand->path);
		return;
	}
	if ((local = path_join(links->local, entry->path)) == NULL)
		tally_fail(links->tally, errand->path, status_no_memory());
	else if (links->tally->is_dry || make(links, entry,
	    errand->found->link))
		tally_linked(links->tally, links->client->settings, local);
	else
		tally_fail(links->tally, local, status_set(
		    STATUS_CANNOT_CREATE, "%s: %s", local,
		    strerrordesc_np(errno)));
	free(local);
}

static enum status
ask_all(const struct get_links *links, struct errands *errands)
{
	struct errand errand = { .type = FT1_STAT, .asks_link = true };
	enum status st = STATUS_OK;
	char *path;
	size_t i;

	for (i = 0; i < links->tree->len && st == STATUS_OK; i++) {
		if (links->tree->at[i].type != 'l')
			continue;
		path = path_below(links->path, links->tree->at[i].path);
		errand.path = path;
		errand.number = i;
		st = path == NULL ? status_no_memory() :
		    errands_add(errands, &errand);
		free(path);
	}
	return st;
}

enum status
get_links(const struct get_links *links)
{
	struct errands *errands;
	enum status st;

	st = errands_new(&errands, links->client, learned, (void *)links);
	if (st == STATUS_OK)
		st = errands_end(errands, ask_all(links, errands));
	return st;
}
