/* SPDX-License-Identifier: ISC */
/* The command get: a producer of a file's bytes, whole or a range. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "command.h"
#include "range_lock.h"
#include "upload.h"

struct get_producer {
	struct producer	 producer;
	struct audit_who who;
	char		*path;		/* owned; clean */
	uint64_t	 began_us;
	int		 fd;		/* owned; holds the lock on the range */
	struct stat	 st;		/* as it was when the get began */
	bool		 is_sparse;
	struct digest	*digest;	/* owned; NULL once it has ended */
	uint64_t	 at, end;	/* the range that is left */
	uint64_t	 data_end;	/* no hole up to here */
	uint64_t	 total;		/* bytes of the range */
	bool		 finished;	/* the audit's line is written */
};

static void
get_audit(struct get_producer *get, enum status outcome,
    const uint8_t *digest)
{
	struct audit_event event = { .verb = "get", .path = get->path,
	    .has_bytes = true, .began_us = get->began_us,
	    .digest = digest, .outcome = outcome };

	event.bytes = get->total - (get->end - get->at);
	get->finished = true;
	audit(&get->who, &event);
}

static void
get_free(struct producer *producer)
{
	struct get_producer *get = (struct get_producer *)producer;

	if (!get->finished)
		get_audit(get, STATUS_CANCELLED, NULL);
	digest_drop(get->digest);
	if (get->fd != -1)
		close(get->fd);		/* and with it the lock */
	free(get->path);
	free(get);
}

static enum pull
get_failed(struct get_producer *get, struct answer *answer, enum status st)
{
	answer_error(answer, st);
	get_audit(get, st, NULL);
	return PULL_DONE;
}

/* Step over a hole at the current place, and find the end of the data. */
static enum status
find_data(struct get_producer *get)
{
	off_t data, hole;

	if (!get->is_sparse) {
		get->data_end = get->end;
		return STATUS_OK;
	}
	data = lseek(get->fd, (off_t)get->at, SEEK_DATA);
	if (data == -1 && errno == ENXIO)
		data = (off_t)get->end;
	if (data == -1)
		return status_errno("read");
	if ((uint64_t)data > get->end)
		data = (off_t)get->end;
	digest_skip(get->digest, (uint64_t)data - get->at);
	get->at = get->data_end = (uint64_t)data;
	if (get->at == get->end)
		return STATUS_OK;
	if ((hole = lseek(get->fd, data, SEEK_HOLE)) == -1)
		return status_errno("read");
	get->data_end = (uint64_t)hole < get->end ? (uint64_t)hole : get->end;
	return STATUS_OK;
}

/* Has the content been changed since the get began? */
static enum status
check_unchanged(const struct get_producer *get)
{
	struct stat now;

	if (fstat(get->fd, &now) == -1)
		return status_errno("read");
	if (now.st_size != get->st.st_size ||
	    now.st_mtim.tv_sec != get->st.st_mtim.tv_sec ||
	    now.st_mtim.tv_nsec != get->st.st_mtim.tv_nsec)
		return status_set(STATUS_CHANGED,
		    "the file was changed while it was read");
	return STATUS_OK;
}

static enum pull
get_done(struct get_producer *get, struct answer *answer)
{
	struct outcome outcome = { .has_content = true, .size = get->total };
	enum status st;

	if ((st = check_unchanged(get)) != STATUS_OK)
		return get_failed(get, answer, st);
	version_of(outcome.version, &get->st);
	digest_end(get->digest, outcome.digest);
	get->digest = NULL;
	answer_ok(answer, &outcome);
	get_audit(get, STATUS_OK, outcome.digest);
	return PULL_DONE;
}

static enum pull
get_pull(struct producer *producer, struct answer *answer)
{
	struct get_producer *get = (struct get_producer *)producer;
	enum status st;
	size_t room;
	ssize_t n;
	void *bytes;

	while (get->at < get->end) {
		if (get->at == get->data_end) {
			if ((st = find_data(get)) != STATUS_OK)
				return get_failed(get, answer, st);
			continue;
		}
		if ((bytes = answer_data_room(answer, &room)) == NULL)
			return PULL_AGAIN;
		if (room > get->data_end - get->at)
			room = (size_t)(get->data_end - get->at);
		n = pread(get->fd, bytes, room, (off_t)get->at);
		if (n == -1)
			return get_failed(get, answer, status_errno("read"));
		if (n == 0)
			return get_failed(get, answer,
			    status_set(STATUS_CHANGED,
			    "the file was cut short while it was read"));
		digest_update(get->digest, bytes, (size_t)n);
		answer_data(answer, get->at, (size_t)n);
		get->at += (uint64_t)n;
	}
	return get_done(get, answer);
}

/* The range that is asked for, within the file as it is. */
static enum status
find_range(struct get_producer *get, const struct request *request)
{
	uint64_t size = (uint64_t)get->st.st_size;

	if (request->has_offset && request->offset > size)
		return status_set(STATUS_BAD_REQUEST,
		    "the offset lies beyond the end of the file");
	get->at = request->has_offset ? request->offset : 0;
	get->end = size;
	if (request->has_length && request->length < size - get->at)
		get->end = get->at + request->length;
	get->total = get->end - get->at;
	/* A hole of more would keep a worker busy with digesting zeros. */
	if (get->total > UPLOAD_MOST)
		return status_set(STATUS_TOO_LARGE,
		    "more than 16 TiB at once: ask for ranges");
	get->data_end = get->at;
	get->is_sparse = (uint64_t)get->st.st_blocks * 512 < size;
	if (get->total > 0)
		return range_lock(get->fd, RANGE_LOCK_SHARED, get->at,
		    get->total);
	return STATUS_OK;
}

static enum status
get_open(struct get_producer *get, struct caller *caller,
    const struct request *request)
{
	uint8_t version[VERSION_SIZE];
	char path[WALK_PATH_ROOM];
	enum status st;

	if ((st = command_path(path, caller, &request->path)) != STATUS_OK)
		return st;
	if ((get->path = strdup(path)) == NULL)
		return STATUS_NO_MEMORY;
	st = walk_file(&get->fd, &get->st, &caller->place, path);
	if (st != STATUS_OK)
		return st;
	if ((st = find_range(get, request)) != STATUS_OK)
		return st;
	/* Again, now that the lock holds still what it covers. */
	if (fstat(get->fd, &get->st) == -1)
		return status_errno("read");
	if ((uint64_t)get->st.st_size < get->end)
		return status_set(STATUS_CHANGED,
		    "the file was cut short while it was opened");
	version_of(version, &get->st);
	if (request->if_version &&
	    memcmp(version, request->version, sizeof(version)) != 0)
		return status_set(STATUS_PRECONDITION,
		    "the file is not the version that was expected");
	if ((get->digest = digest_begin(get->at)) == NULL)
		return STATUS_NO_MEMORY;
	return STATUS_OK;
}

void
command_get(struct caller *caller, const struct request *request)
{
	static const struct producer_ops ops = { get_pull, get_free };
	struct get_producer *get;
	struct file_facts facts;
	enum status st;

	if ((get = calloc(1, sizeof(*get))) == NULL) {
		answer_error(caller->answer, STATUS_NO_MEMORY);
		return;
	}
	get->producer.ops = &ops;
	get->who = *caller->who;
	get->began_us = clock_us();
	get->fd = -1;
	if ((st = get_open(get, caller, request)) != STATUS_OK) {
		(void)get_failed(get, caller->answer, st);
		get_free(&get->producer);
		return;
	}
	command_facts(&facts, strrchr(get->path, '/') + 1, &get->st);
	answer_begun_get(caller->answer, &facts);
	answer_produce(caller->answer, &get->producer);
}
