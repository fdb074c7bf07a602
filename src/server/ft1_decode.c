/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "ft1_decode.h"

#include <string.h>

/* All that a client's frame can hold. */
struct message {
	unsigned int	 present;	/* bits HAS_... */
	struct request	 request;
	struct ft1_login login;
	struct ft1_commit commit;
	uint16_t	 versions[2];
};

#define HAS_VERSIONS	(1u << 0)
#define HAS_USER	(1u << 1)
#define HAS_METHOD	(1u << 2)
#define HAS_RESPONSE	(1u << 3)
#define HAS_PATH	(1u << 4)
#define HAS_TARGET	(1u << 5)
#define HAS_OFFSET	(1u << 6)
#define HAS_LENGTH	(1u << 7)
#define HAS_SIZE	(1u << 8)
#define HAS_MODE	(1u << 9)
#define HAS_MTIME	(1u << 10)
#define HAS_TAKEN	(1u << 11)
#define HAS_IF_ABSENT	(1u << 12)
#define HAS_IF_VERSION	(1u << 13)
#define HAS_DIGEST	(1u << 14)
#define HAS_TICKET_SECONDS (1u << 15)

/* What each type of frame must hold and may hold. */
struct frame_rule {
	enum ft1_type	 type;
	int		 verb;		/* or -1 */
	unsigned int	 must, may;
};

static const struct frame_rule rules[] = {
	{ FT1_HELLO, -1, HAS_VERSIONS, 0 },
	{ FT1_LOGIN, -1, HAS_USER | HAS_METHOD,
	    HAS_RESPONSE | HAS_TICKET_SECONDS },
	{ FT1_RESPONSE, -1, HAS_RESPONSE, 0 },
	{ FT1_PING, -1, 0, 0 },
	{ FT1_CANCEL, -1, 0, 0 },
	{ FT1_COMMIT, -1, HAS_SIZE | HAS_DIGEST, 0 },
	{ FT1_ABORT, -1, 0, 0 },
	{ FT1_LIST, VERB_LIST, 0, HAS_PATH },
	{ FT1_STAT, VERB_STAT, HAS_PATH, 0 },
	{ FT1_GET, VERB_GET, HAS_PATH,
	    HAS_OFFSET | HAS_LENGTH | HAS_IF_VERSION },
	{ FT1_PUT, VERB_PUT, HAS_PATH, HAS_SIZE | HAS_MODE | HAS_MTIME |
	    HAS_TAKEN | HAS_IF_ABSENT | HAS_IF_VERSION },
	{ FT1_CD, VERB_CD, HAS_PATH, 0 },
	{ FT1_PWD, VERB_PWD, 0, 0 },
	{ FT1_MKDIR, VERB_MKDIR, HAS_PATH, HAS_MODE },
	{ FT1_RMDIR, VERB_RMDIR, HAS_PATH, 0 },
	{ FT1_RM, VERB_RM, HAS_PATH, HAS_IF_VERSION },
	{ FT1_MV, VERB_MV, HAS_PATH | HAS_TARGET,
	    HAS_TAKEN | HAS_IF_VERSION },
};

static const struct frame_rule *
rule_of(uint8_t type)
{
	size_t i;

	for (i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (rules[i].type == type)
			return &rules[i];
	return NULL;
}

bool
ft1_is_request(uint8_t type)
{
	return type >= FT1_LIST && type <= FT1_REQUEST_LAST &&
	    type != FT1_COMMIT && type != FT1_ABORT;
}

/* The field as bytes, if it is not shorter or longer than it may be. */
static unsigned int
take_bytes(struct request_bytes *out, const struct ft1_fields *fields,
    unsigned int bit, size_t least, size_t most)
{
	if (fields->len < least || fields->len > most)
		return 0;
	out->at = (const char *)fields->value;
	out->len = fields->len;
	return bit;
}

static unsigned int
bit_if(bool good, unsigned int bit)
{
	return good ? bit : 0;
}

/* Fields of login and of the connection; as take_field. */
static unsigned int
take_login_field(struct message *message, const struct ft1_fields *fields)
{
	struct ft1_login *login = &message->login;

	switch (fields->tag) {
	case FT1_TAG_VERSIONS:
		if (fields->len != 4)
			return 0;
		message->versions[0] =
		    (uint16_t)(fields->value[0] << 8 | fields->value[1]);
		message->versions[1] =
		    (uint16_t)(fields->value[2] << 8 | fields->value[3]);
		return HAS_VERSIONS;
	case FT1_TAG_USER:
		return take_bytes(&login->user, fields, HAS_USER, 1,
		    FT1_USER_MAX);
	case FT1_TAG_METHOD:
		return take_bytes(&login->method, fields, HAS_METHOD, 1,
		    FT1_USER_MAX);
	case FT1_TAG_RESPONSE:
		return take_bytes(&login->response, fields, HAS_RESPONSE, 0,
		    FT1_RESPONSE_MAX);
	case FT1_TAG_TICKET_SECONDS:
		return bit_if(ft1_get_u32(fields, &login->ticket_seconds),
		    HAS_TICKET_SECONDS);
	}
	return 0;
}

/* The bit of the field that was read, 0 if its value is not as it must be. */
static unsigned int
take_field(struct message *message, const struct ft1_fields *fields)
{
	struct request *request = &message->request;

	switch (fields->tag) {
	case FT1_TAG_PATH:
		return take_bytes(&request->path, fields, HAS_PATH, 0,
		    FT1_PATH_MAX);
	case FT1_TAG_TARGET:
		return take_bytes(&request->target, fields, HAS_TARGET, 1,
		    FT1_PATH_MAX);
	case FT1_TAG_OFFSET:
		return bit_if(ft1_get_u64(fields, &request->offset),
		    HAS_OFFSET);
	case FT1_TAG_LENGTH:
		return bit_if(ft1_get_u64(fields, &request->length),
		    HAS_LENGTH);
	case FT1_TAG_SIZE:
		return bit_if(ft1_get_u64(fields, &request->size), HAS_SIZE);
	case FT1_TAG_MODE:
		return bit_if(ft1_get_u32(fields, &request->mode), HAS_MODE);
	case FT1_TAG_MTIME:
		return bit_if(ft1_get_time(fields, &request->mtime),
		    HAS_MTIME);
	case FT1_TAG_TAKEN:
		return bit_if(ft1_get_u8(fields, &request->taken) &&
		    request->taken <= 2, HAS_TAKEN);
	case FT1_TAG_IF_ABSENT:
		return bit_if(fields->len == 0, HAS_IF_ABSENT);
	case FT1_TAG_IF_VERSION:
		return bit_if(ft1_get_id(fields, request->version),
		    HAS_IF_VERSION);
	case FT1_TAG_DIGEST:
		return bit_if(ft1_get_id(fields, message->commit.digest),
		    HAS_DIGEST);
	}
	return take_login_field(message, fields);
}

/* Does the tag belong to a client's frame at all? */
static bool
is_known(uint16_t tag)
{
	static const uint16_t known[] = { FT1_TAG_VERSIONS, FT1_TAG_USER,
	    FT1_TAG_METHOD, FT1_TAG_RESPONSE, FT1_TAG_TICKET_SECONDS,
	    FT1_TAG_PATH, FT1_TAG_TARGET, FT1_TAG_OFFSET, FT1_TAG_LENGTH,
	    FT1_TAG_SIZE, FT1_TAG_MODE, FT1_TAG_MTIME, FT1_TAG_TAKEN,
	    FT1_TAG_IF_ABSENT, FT1_TAG_IF_VERSION, FT1_TAG_DIGEST };
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i] == tag)
			return true;
	return false;
}

static enum ft1_verdict
decode(struct message *message, const struct ft1_header *header,
    const uint8_t *payload)
{
	const struct frame_rule *rule = rule_of(header->type);
	enum ft1_verdict verdict = FT1_GOOD;
	struct ft1_fields fields;
	enum ft1_next next;
	unsigned int bit;

	memset(message, 0, sizeof(*message));
	if (rule == NULL)
		return FT1_UNKNOWN;	/* and so is the form of its payload */
	ft1_fields_begin(&fields, payload, header->length);
	while ((next = ft1_field_next(&fields)) == FT1_FIELD) {
		if (fields.tag >= FT1_TAG_OPTIONAL)
			continue;
		if (!is_known(fields.tag)) {
			verdict = FT1_UNKNOWN;
			continue;
		}
		if ((bit = take_field(message, &fields)) == 0)
			return FT1_BAD;
		if ((bit & (rule->must | rule->may)) == 0)
			verdict = FT1_UNKNOWN;
		message->present |= bit;
	}
	if (next == FT1_BROKEN)
		return FT1_BAD;
	if ((message->present & rule->must) != rule->must)
		return FT1_BAD;
	return verdict;
}

enum ft1_verdict
ft1_decode_hello(uint16_t *least, uint16_t *most,
    const struct ft1_header *header, const uint8_t *payload)
{
	struct message message;
	enum ft1_verdict verdict;

	verdict = decode(&message, header, payload);
	*least = message.versions[0];
	*most = message.versions[1];
	return verdict == FT1_GOOD && *least > *most ? FT1_BAD : verdict;
}

enum ft1_verdict
ft1_decode_login(struct ft1_login *login, const struct ft1_header *header,
    const uint8_t *payload)
{
	struct message message;
	enum ft1_verdict verdict;

	verdict = decode(&message, header, payload);
	*login = message.login;
	return verdict;
}

enum ft1_verdict
ft1_decode_response(struct request_bytes *response,
    const struct ft1_header *header, const uint8_t *payload)
{
	struct message message;
	enum ft1_verdict verdict;

	verdict = decode(&message, header, payload);
	*response = message.login.response;
	return verdict;
}

enum ft1_verdict
ft1_decode_commit(struct ft1_commit *commit, const struct ft1_header *header,
    const uint8_t *payload)
{
	struct message message;
	enum ft1_verdict verdict;

	verdict = decode(&message, header, payload);
	*commit = message.commit;
	commit->size = message.request.size;
	return verdict;
}

enum ft1_verdict
ft1_decode_nothing(const struct ft1_header *header, const uint8_t *payload)
{
	struct message message;

	return decode(&message, header, payload);
}

enum ft1_verdict
ft1_decode_request(struct request *request, const struct ft1_header *header,
    const uint8_t *payload)
{
	struct message message;
	enum ft1_verdict verdict;

	verdict = decode(&message, header, payload);
	*request = message.request;
	request->id = header->id;
	request->chained = (header->flags & FT1_CHAINED) != 0;
	request->has_offset = (message.present & HAS_OFFSET) != 0;
	request->has_length = (message.present & HAS_LENGTH) != 0;
	request->has_size = (message.present & HAS_SIZE) != 0;
	request->has_mode = (message.present & HAS_MODE) != 0;
	request->has_mtime = (message.present & HAS_MTIME) != 0;
	request->if_absent = (message.present & HAS_IF_ABSENT) != 0;
	request->if_version = (message.present & HAS_IF_VERSION) != 0;
	if (verdict == FT1_GOOD) {
		if (rule_of(header->type)->verb == -1)
			return FT1_BAD;
		request->verb = (enum verb)rule_of(header->type)->verb;
		if (request->taken > 1)
			verdict = FT1_UNKNOWN;
	}
	return verdict;
}
