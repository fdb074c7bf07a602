/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "copy.h"

#include <errno.h>
#include <sys/types.h>
#include <unistd.h>

#define BUFFER	65536u

enum status
copy_find(struct copy *copy)
{
	off_t data, hole;

	data = lseek(copy->from, (off_t)copy->at, SEEK_DATA);
	if (data == -1 && errno == ENXIO) {
		copy->at = copy->data_end = copy->end;
		return STATUS_OK;
	}
	hole = data == -1 ? -1 : lseek(copy->from, data, SEEK_HOLE);
	if (hole == -1)
		return status_errno("read");
	copy->at = (uint64_t)data;
	copy->data_end = (uint64_t)hole;
	if (copy->data_end > copy->end)
		copy->data_end = copy->end;
	if (copy->at > copy->data_end)
		copy->at = copy->data_end;
	return STATUS_OK;
}

static ssize_t
copy_by_hand(const struct copy *copy, size_t len)
{
	uint8_t bytes[BUFFER];
	ssize_t n;

	n = pread(copy->from, bytes, len < BUFFER ? len : BUFFER,
	    (off_t)copy->at);
	if (n > 0)
		n = pwrite(copy->to, bytes, (size_t)n, (off_t)copy->at);
	return n;
}

static ssize_t
copy_some(struct copy *copy, size_t most)
{
	uint64_t left = copy->data_end - copy->at;
	size_t len = left < most ? (size_t)left : most;
	off_t in = (off_t)copy->at, out = (off_t)copy->at;
	ssize_t n;

	if (!copy->by_hand) {
		n = copy_file_range(copy->from, &in, copy->to, &out, len, 0);
		if (n != -1 || (errno != EXDEV && errno != EINVAL &&
		    errno != ENOSYS && errno != EOPNOTSUPP))
			return n;
		copy->by_hand = true;
	}
	return copy_by_hand(copy, len);
}

enum status
copy_step(struct copy *copy, size_t most)
{
	ssize_t n;

	if (copy->at >= copy->data_end)
		return copy_find(copy);
	n = copy_some(copy, most);
	if (n == -1)
		return errno == EINTR ? STATUS_OK : status_errno("copy");
	if (n == 0)
		return status_set(STATUS_CHANGED,
		    "the file was cut short while it was copied");
	copy->at += (uint64_t)n;
	return STATUS_OK;
}
