/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "verb.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "digest.h"
#include "part.h"
#include "paths.h"
#include "progress.h"
#include "show.h"

/* Zeros that are digested between two looks for signals. */
#define SKIP_STEP	(UINT64_C(1) << 36)

struct download {
	struct client	*client;	/* borrowed */
	const char	*path;		/* borrowed; the server's */
	char		*local;		/* owned */
	struct part	*part;		/* owned; NULL before BEGUN */
	struct digest	*digest;	/* owned; likewise */
	uint64_t	 size;
	struct progress	 progress;
	uint32_t	 wait;		/* seconds, for locks of others */
};

static enum status
malformed(const char *what)
{
	return status_set(STATUS_PROTOCOL, "the server sent %s", what);
}

static enum status
take_begun(struct download *d, const struct frame *frame)
{
	struct reply reply;
	enum status st;

	st = reply_read(&reply, frame, REPLY_SIZE | REPLY_MODE | REPLY_MTIME |
	    REPLY_VERSION_NOW);
	if (st != STATUS_OK)
		return st;
	if (d->part != NULL)
		return malformed("two beginnings of one file");
	if ((d->digest = digest_begin(0)) == NULL)
		return status_set(STATUS_NO_MEMORY, "out of memory");
	d->size = reply.size;
	progress_begin(&d->progress, d->path, d->size,
	    d->client->settings->quiet || strcmp(d->local, "-") == 0);
	return part_begin(&d->part, d->local, d->size);
}

/* A hole, which may be as large as the server likes. */
static enum status
skip_to(struct download *d, uint64_t offset)
{
	uint64_t n;

	while ((n = offset - digest_offset(d->digest)) > 0) {
		if (remote_is_interrupted(d->client->remote))
			return status_set(STATUS_CANCELLED, "interrupted");
		digest_skip(d->digest, n < SKIP_STEP ? n : SKIP_STEP);
	}
	return STATUS_OK;
}

static enum status
take_data(struct download *d, const struct frame *frame)
{
	const uint8_t *bytes = frame->payload + FT1_OFFSET_SIZE;
	uint64_t offset, end;
	enum status st;
	size_t len;

	if (d->part == NULL || frame->header.length <= FT1_OFFSET_SIZE)
		return malformed("data where none can be");
	offset = ft1_load_u64(frame->payload);
	len = frame->header.length - FT1_OFFSET_SIZE;
	if (offset < digest_offset(d->digest) || offset > d->size ||
	    len > d->size - offset)
		return malformed("data out of order or behind the end");
	end = offset + len;
	if ((st = skip_to(d, offset)) != STATUS_OK)
		return st;
	digest_update(d->digest, bytes, len);
	progress_update(&d->progress, end);
	return part_write(d->part, bytes, len, offset);
}

static enum status
take_end(struct download *d, const struct frame *frame)
{
	uint8_t digest[DIGEST_SIZE];
	struct reply reply;
	enum status st;

	st = reply_read(&reply, frame,
	    REPLY_SIZE | REPLY_VERSION_NOW | REPLY_DIGEST);
	if (st != STATUS_OK)
		return st;
	if (d->part == NULL)
		return malformed("the end of a file that did not begin");
	if (reply.size != d->size)
		return status_set(STATUS_SIZE, "%s: the server sent another "
		    "size than it announced", d->path);
	if ((st = skip_to(d, d->size)) != STATUS_OK)
		return st;
	digest_end(d->digest, digest);
	d->digest = NULL;
	if (memcmp(digest, reply.digest, DIGEST_SIZE) != 0)
		return status_set(STATUS_DIGEST, "%s: what came does not "
		    "match its digest", d->path);
	return STATUS_OK;
}

static enum status
take_file(struct call *call, const struct frame *frame)
{
	struct download *d = call->owner;

	switch (frame->header.type) {
	case FT1_BEGUN:	return take_begun(d, frame);
	case FT1_DATA:	return take_data(d, frame);
	case FT1_OK:	return take_end(d, frame);
	}
	return status_set(STATUS_PROTOCOL,
	    "the server answered a get with a frame of type %u",
	    frame->header.type);
}

/* Where the file goes: as it is called there, or into a folder. */
static enum status
choose_local(struct download *d, const char *local)
{
	const char *base = path_base(d->path);
	struct stat sb;
	bool into;

	into = local != NULL && strcmp(local, "-") != 0 &&
	    (path_is_folder(local) ||
	    (stat(local, &sb) == 0 && S_ISDIR(sb.st_mode)));
	if ((local == NULL || into) && base == NULL)
		return status_set(STATUS_USAGE, "%s is no name of a file",
		    d->path);
	if (into)
		d->local = path_join(local, base);
	else if (local == NULL && strcmp(base, "-") == 0)
		d->local = strdup("./-");	/* not standard output */
	else
		d->local = strdup(local != NULL ? local : base);
	if (d->local == NULL)
		return status_set(STATUS_NO_MEMORY, "out of memory");
	return STATUS_OK;
}

static enum status
fetch(struct download *d)
{
	struct call call = { .receiver = take_file, .owner = d };
	struct ft1_frame *frame;
	enum status st;

	frame = remote_request(d->client->remote, FT1_GET, 0, &call);
	ft1_put_string(frame, FT1_TAG_PATH, d->path);
	if (d->wait > 0)
		ft1_put_u32(frame, FT1_TAG_WAIT_LOCK, d->wait);
	st = remote_finish(d->client->remote, &call);
	progress_end(&d->progress);
	if (st != STATUS_OK)
		return st;
	st = part_commit(d->part);
	d->part = NULL;
	return st;
}

static void
tell(const struct download *d)
{
	if (d->client->settings->quiet || strcmp(d->local, "-") == 0)
		return;
	fputs("get ", stdout);
	show_string(stdout, d->path);
	printf(" %" PRIu64 " bytes\n", d->size);
}

enum status
verb_get(struct client *client, const struct arguments *arguments,
    const char **blame)
{
	struct download d = { .client = client, .path = arguments->words[0] };
	enum status st;

	*blame = d.path;
	if ((st = path_check(d.path)) == STATUS_OK &&
	    (st = verb_wait_seconds(&d.wait, arguments)) == STATUS_OK &&
	    (st = choose_local(&d, arguments->words[1])) == STATUS_OK)
		st = fetch(&d);
	if (st == STATUS_OK)
		tell(&d);
	digest_drop(d.digest);
	part_abort(d.part);
	free(d.local);
	return st;
}

enum status
verb_cat(struct client *client, const struct arguments *arguments,
    const char **blame)
{
	enum status st = STATUS_OK;
	int i;

	for (i = 0; i < arguments->len && st == STATUS_OK; i++) {
		char *words[] = { arguments->words[i], (char[]){ "-" }, NULL };
		struct arguments one = *arguments;

		one.words = words;
		one.len = 2;
		st = verb_get(client, &one, blame);
	}
	return st;
}
