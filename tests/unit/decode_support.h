/*
 * decode_support - frames made of any fields, and what is read of them.
 */
#ifndef DECODE_SUPPORT_H
#define DECODE_SUPPORT_H

#include <string.h>

#include "check_main.h"
#include "ft1_decode.h"

/* Each field that a client's frame can hold, with a good value. */
static const struct field {
	enum ft1_tag	 tag;
	const char	*value;
	size_t		 len;
	size_t		 wrong;		/* a length that it cannot have */
} fields[] = {
	{ FT1_TAG_VERSIONS, "\0\1\0\1", 4, 3 },
	{ FT1_TAG_USER, "alice", 5, 0 },
	{ FT1_TAG_METHOD, "password", 8, 0 },
	{ FT1_TAG_RESPONSE, "secret", 6, 4097 },
	{ FT1_TAG_TICKET_SECONDS, "\0\0\1\0", 4, 8 },
	{ FT1_TAG_PATH, "a", 1, 4096 },
	{ FT1_TAG_TARGET, "b", 1, 0 },
	{ FT1_TAG_OFFSET, "\0\0\0\0\0\0\0\1", 8, 4 },
	{ FT1_TAG_LENGTH, "\0\0\0\0\0\0\0\2", 8, 9 },
	{ FT1_TAG_SIZE, "\0\0\0\0\0\0\0\3", 8, 0 },
	{ FT1_TAG_MODE, "\0\0\1\xa4", 4, 2 },
	{ FT1_TAG_MTIME, "\0\0\0\0\0\0\0\5\0\0\0\6", 12, 8 },
	{ FT1_TAG_TAKEN, "\1", 1, 2 },
	{ FT1_TAG_IF_ABSENT, "", 0, 1 },
	{ FT1_TAG_IF_VERSION, "vvvvvvvvvvvvvvvv", 16, 15 },
	{ FT1_TAG_DIGEST, "dddddddddddddddd", 16, 17 },
	{ FT1_TAG_UPLOAD, "uuuuuuuuuuuuuuuu", 16, 15 },
	{ FT1_TAG_WAIT_LOCK, "\0\0\xe\x10", 4, 2 },
	{ FT1_TAG_SHARED, "", 0, 1 },
	{ FT1_TAG_RECURSIVE, "", 0, 1 },
	{ FT1_TAG_PARENTS, "", 0, 2 },
	{ FT1_TAG_PATTERN, "*.c", 3, 256 },
	{ FT1_TAG_KIND, "f", 1, 0 },
	{ FT1_TAG_SIZE_LEAST, "\0\0\0\0\0\0\0\7", 8, 7 },
	{ FT1_TAG_SIZE_MOST, "\0\0\0\0\0\0\0\10", 8, 16 },
	{ FT1_TAG_NEWER, "\0\0\0\0\0\0\0\11\0\0\0\1", 12, 8 },
	{ FT1_TAG_OLDER, "\0\0\0\0\0\0\0\12\0\0\0\2", 12, 13 },
	{ FT1_TAG_DEPTH, "\0\0\0\13", 4, 8 },
};
#define FIELDS (sizeof(fields) / sizeof(fields[0]))

#define BIT(tag) (1ull << (tag))	/* all tags above are below 64 */

/* A frame that is being made, and what has been read of it. */
static uint8_t bytes[70000];
static struct ft1_frame frame;
static struct ft1_header header;
static struct request request;
static struct ft1_login login;
static struct ft1_commit commit;
static struct request_bytes response;
static uint16_t least, most;

static inline void
begin(unsigned int type, unsigned int flags)
{
	header = (struct ft1_header){ .type = (uint8_t)type,
	    .flags = (uint8_t)flags, .id = 7 };
	ft1_frame_begin(&frame, bytes, sizeof(bytes), &header);
}

static inline enum ft1_verdict
decode(void)
{
	const uint8_t *payload = bytes + FT1_HEADER_SIZE;

	ck_assert_uint_gt(ft1_frame_end(&frame), 0);
	ft1_header_read(&header, bytes);
	if (ft1_is_request(header.type))
		return ft1_decode_request(&request, &header, payload);
	switch (header.type) {
	case FT1_HELLO:
		return ft1_decode_hello(&least, &most, &header, payload);
	case FT1_LOGIN:
		return ft1_decode_login(&login, &header, payload);
	case FT1_RESPONSE:
		return ft1_decode_response(&response, &header, payload);
	case FT1_COMMIT:
		return ft1_decode_commit(&commit, &header, payload);
	}
	return ft1_decode_nothing(&header, payload);
}

/* A frame with all these fields; that of `wrong` has a wrong length. */
static inline enum ft1_verdict
try(enum ft1_type type, uint64_t tags, uint64_t wrong)
{
	static const char zeros[5000];

	begin(type, 0);
	for (size_t i = 0; i < FIELDS; i++)
		if ((BIT(fields[i].tag) & wrong) != 0)
			ft1_put_bytes(&frame, fields[i].tag, zeros,
			    fields[i].wrong);
		else if ((BIT(fields[i].tag) & tags) != 0)
			ft1_put_bytes(&frame, fields[i].tag, fields[i].value,
			    fields[i].len);
	return decode();
}

#endif
