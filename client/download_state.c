/* SPDX-License-Identifier: ISC */
/* One GET of a download, over whichever connection. */
#include "config.h"

#include "download_state.h"

#include <string.h>

#include "reply.h"

struct ft1_frame *
download_request(const struct download *d, struct remote *remote,
    struct call *call, const struct file_range *range)
{
	struct ft1_frame *frame;

	frame = remote_request(remote, FT1_GET, 0, call);
	ft1_put_string(frame, FT1_TAG_PATH, d->path);
	if (range->offset > 0)
		ft1_put_u64(frame, FT1_TAG_OFFSET, range->offset);
	if (range->has_length)
		ft1_put_u64(frame, FT1_TAG_LENGTH, range->length);
	if (d->has_version)
		ft1_put_bytes(frame, FT1_TAG_IF_VERSION, d->version,
		    FT1_ID_SIZE);
	return frame;
}

enum status
download_check_end(struct digest **digest, const struct frame *frame,
    uint64_t size, const char *path)
{
	uint8_t sum[DIGEST_SIZE];
	struct reply reply;
	enum status st;

	st = reply_read(&reply, frame,
	    REPLY_SIZE | REPLY_VERSION_NOW | REPLY_DIGEST);
	if (st != STATUS_OK)
		return st;
	if (*digest == NULL)
		return reply_malformed("the end of what did not begin");
	if (reply.size != size)
		return status_set(STATUS_SIZE, "%s: the server sent another "
		    "size than was to come", path);
	digest_end(*digest, sum);
	*digest = NULL;
	if (memcmp(sum, reply.digest, DIGEST_SIZE) != 0)
		return status_set(STATUS_DIGEST, "%s: what came does not "
		    "match its digest", path);
	return STATUS_OK;
}

void
download_moved(const struct download *d, size_t len)
{
	if (d->moved != NULL)
		*d->moved += len;
}
