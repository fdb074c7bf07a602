/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "outflow.h"

#include <errno.h>
#include <unistd.h>

#include "lock_line.h"
#include "upload.h"

/* Let go of the lock, and tell those who wait for it. */
static void
give_back(struct outflow *flow)
{
	if (flow->file.fd == -1 || flow->file.length == 0)
		return;
	own_hold_release(&flow->file.hold);
	lock_line_wake(flow->line, flow->file.st.st_dev,
	    flow->file.st.st_ino);
}

enum status
outflow_begin(struct outflow *flow, struct lock_line *line)
{
	flow->line = line;
	flow->is_stalled = false;
	flow->at = flow->data_end = flow->file.start;
	flow->total = flow->file.length;
	flow->end = flow->at + flow->total;
	/* A hole of more would keep a worker busy with digesting zeros. */
	if (flow->total > UPLOAD_MOST)
		return status_set(STATUS_TOO_LARGE,
		    "more than 16 TiB at once: ask for ranges");
	flow->is_sparse = (uint64_t)flow->file.st.st_blocks * 512 <
	    (uint64_t)flow->file.st.st_size;
	return STATUS_OK;
}

/* Step over a hole at the current place, and find the end of the data. */
static enum status
find_data(struct outflow *flow)
{
	off_t data, hole;

	if (!flow->is_sparse) {
		flow->data_end = flow->end;
		return STATUS_OK;
	}
	data = lseek(flow->file.fd, (off_t)flow->at, SEEK_DATA);
	if (data == -1 && errno == ENXIO)
		data = (off_t)flow->end;
	if (data == -1)
		return status_errno("read");
	if ((uint64_t)data > flow->end)
		data = (off_t)flow->end;
	digest_skip(flow->digest, (uint64_t)data - flow->at);
	flow->at = flow->data_end = (uint64_t)data;
	if (flow->at == flow->end)
		return STATUS_OK;
	if ((hole = lseek(flow->file.fd, data, SEEK_HOLE)) == -1)
		return status_errno("read");
	flow->data_end = (uint64_t)hole < flow->end ? (uint64_t)hole :
	    flow->end;
	return STATUS_OK;
}

enum status
outflow_check(const struct outflow *flow)
{
	struct stat now;

	if (fstat(flow->file.fd, &now) == -1)
		return status_errno("read");
	if (now.st_size != flow->file.st.st_size ||
	    now.st_mtim.tv_sec != flow->file.st.st_mtim.tv_sec ||
	    now.st_mtim.tv_nsec != flow->file.st.st_mtim.tv_nsec)
		return status_set(STATUS_CHANGED,
		    "the file was changed while it was read");
	return STATUS_OK;
}

enum status
outflow_pull(struct outflow *flow, struct answer *answer, bool *is_out)
{
	enum status st;
	size_t room;
	void *bytes;
	ssize_t n;

	*is_out = false;
	if (flow->digest == NULL &&
	    (flow->digest = digest_begin(flow->at)) == NULL)
		return STATUS_NO_MEMORY;
	if (flow->is_stalled && (st = outflow_check(flow)) != STATUS_OK)
		return st;
	while (flow->at < flow->end) {
		if (flow->at == flow->data_end) {
			if ((st = find_data(flow)) != STATUS_OK)
				return st;
			continue;
		}
		if ((bytes = answer_data_room(answer, &room)) == NULL)
			return STATUS_OK;
		if (room > flow->data_end - flow->at)
			room = (size_t)(flow->data_end - flow->at);
		n = pread(flow->file.fd, bytes, room, (off_t)flow->at);
		if (n == -1)
			return status_errno("read");
		if (n == 0)
			return status_set(STATUS_CHANGED,
			    "the file was cut short while it was read");
		digest_update(flow->digest, bytes, (size_t)n);
		answer_data(answer, flow->at, (size_t)n);
		flow->at += (uint64_t)n;
	}
	*is_out = true;
	return STATUS_OK;
}

void
outflow_stalled(struct outflow *flow)
{
	give_back(flow);
	flow->is_stalled = true;
}

enum status
outflow_end(struct outflow *flow, uint8_t digest[DIGEST_SIZE])
{
	enum status st;

	if ((st = outflow_check(flow)) != STATUS_OK)
		return st;
	digest_end(flow->digest, digest);
	flow->digest = NULL;
	return STATUS_OK;
}

uint64_t
outflow_sent(const struct outflow *flow)
{
	return flow->total - (flow->end - flow->at);
}

void
outflow_close(struct outflow *flow)
{
	digest_drop(flow->digest);
	flow->digest = NULL;
	give_back(flow);
	in_place_close(&flow->file);
}
