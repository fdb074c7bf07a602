/*
 * frames_support - what a client says in FT/1, and what it hears, as text.
 */
#ifndef FRAMES_SUPPORT_H
#define FRAMES_SUPPORT_H

#include <stdio.h>
#include <string.h>

#include "digest.h"
#include "ft1.h"
#include "talk_support.h"

/* A frame that is being made. */
struct said {
	uint8_t		 bytes[70000];
	struct ft1_frame frame;
};

static inline void
said_begin(struct said *said, unsigned int type, uint32_t id,
    unsigned int flags)
{
	struct ft1_header header = { .type = (uint8_t)type,
	    .flags = (uint8_t)flags, .id = id };

	ft1_frame_begin(&said->frame, said->bytes, sizeof(said->bytes),
	    &header);
}

static inline void
said_end(struct said *said, struct talk *talk)
{
	talk_send(talk, said->bytes, ft1_frame_end(&said->frame));
}

static inline void
say_nothing(struct talk *talk, unsigned int type, uint32_t id)
{
	struct said said;

	said_begin(&said, type, id, 0);
	said_end(&said, talk);
}

static inline void
say_hello(struct talk *talk)
{
	static const uint8_t versions[4] = { 0, 1, 0, 1 };
	struct said said;

	said_begin(&said, FT1_HELLO, 0, 0);
	ft1_put_bytes(&said.frame, FT1_TAG_VERSIONS, versions, 4);
	said_end(&said, talk);
}

/* With the password, or NULL to be asked for it. */
static inline void
say_login(struct talk *talk, uint32_t id, const char *user,
    const char *password)
{
	struct said said;

	said_begin(&said, FT1_LOGIN, id, 0);
	ft1_put_string(&said.frame, FT1_TAG_USER, user);
	ft1_put_string(&said.frame, FT1_TAG_METHOD, "password");
	if (password != NULL)
		ft1_put_string(&said.frame, FT1_TAG_RESPONSE, password);
	said_end(&said, talk);
}

static inline void
say_path(struct talk *talk, unsigned int type, uint32_t id, const char *path)
{
	struct said said;

	said_begin(&said, type, id, 0);
	ft1_put_string(&said.frame, FT1_TAG_PATH, path);
	said_end(&said, talk);
}

static inline void
say_put(struct talk *talk, uint32_t id, const char *path, uint64_t size,
    unsigned int flags)
{
	struct said said;

	said_begin(&said, FT1_PUT, id, flags);
	ft1_put_string(&said.frame, FT1_TAG_PATH, path);
	ft1_put_u64(&said.frame, FT1_TAG_SIZE, size);
	said_end(&said, talk);
}

static inline void
say_data(struct talk *talk, uint32_t id, uint64_t offset, const void *bytes,
    size_t len)
{
	struct ft1_header header = { .type = FT1_DATA, .id = id };
	uint8_t head[FT1_HEADER_SIZE + FT1_OFFSET_SIZE];

	header.length = (uint32_t)(FT1_OFFSET_SIZE + len);
	ft1_header_write(head, &header);
	ft1_store_u64(head + FT1_HEADER_SIZE, offset);
	talk_send(talk, head, sizeof(head));
	talk_send(talk, bytes, len);
}

static inline void
say_commit(struct talk *talk, uint32_t id, const void *bytes, size_t len)
{
	struct digest *digest = digest_begin(0);
	uint8_t sum[DIGEST_SIZE];
	struct said said;

	if (digest == NULL)
		abort();
	digest_update(digest, bytes, len);
	digest_end(digest, sum);
	said_begin(&said, FT1_COMMIT, id, 0);
	ft1_put_u64(&said.frame, FT1_TAG_SIZE, len);
	ft1_put_bytes(&said.frame, FT1_TAG_DIGEST, sum, sizeof(sum));
	said_end(&said, talk);
}

/* A whole small put, as a client would pipeline it. */
static inline void
say_file(struct talk *talk, uint32_t id, const char *path, const char *text,
    unsigned int flags)
{
	size_t len = strlen(text);

	say_put(talk, id, path, len, flags);
	if (len > 0)
		say_data(talk, id, 0, text, len);
	say_commit(talk, id, text, len);
}

/* The code in an ERROR frame, in words. */
static inline const char *
heard_code(const uint8_t *payload, size_t len)
{
	struct ft1_fields fields;
	uint16_t code;

	ft1_fields_begin(&fields, payload, len);
	while (ft1_field_next(&fields) == FT1_FIELD)
		if (fields.tag == FT1_TAG_CODE && ft1_get_u16(&fields, &code))
			return status_word((enum status)code);
	return "without a code";
}

/*
 * All that the client has heard, as "TYPE ID" and for errors their code, joined
 * by ", ".  Rows of DATA of one request are told once.
 */
static inline const char *
heard(const struct talk *talk)
{
	static char text[8192];
	uint32_t last_data = 0;
	struct ft1_header header;
	const uint8_t *at = talk->out;
	size_t len = 0;

	text[0] = '\0';
	for (; at < talk->out + talk->out_len;
	    at += FT1_HEADER_SIZE + header.length) {
		ft1_header_read(&header, at);
		if (header.type == FT1_DATA && header.id == last_data)
			continue;
		last_data = header.type == FT1_DATA ? header.id : 0;
		len += (size_t)snprintf(text + len, sizeof(text) - len,
		    "%s%s %u%s%s", len > 0 ? ", " : "",
		    ft1_type_word(header.type), header.id,
		    header.type == FT1_ERROR ? " " : "",
		    header.type == FT1_ERROR ? heard_code(
		    at + FT1_HEADER_SIZE, header.length) : "");
		if (len >= sizeof(text))
			abort();
	}
	return text;
}

#endif
