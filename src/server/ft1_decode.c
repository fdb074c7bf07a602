/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "ft1_decode.h"

#include <string.h>

#include "ft1_present.h"

struct message {
	uint64_t	 present;	/* bits HAS_... */
	struct request	 request;
	struct ft1_login login;
	struct ft1_commit commit;
	uint16_t	 versions[2];
};

/* What each type of frame must hold and may hold. */
struct frame_rule {
	enum ft1_type	 type;
	int		 verb;		/* or -1 */
	uint64_t	 must, may;
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
	{ FT1_LIST, VERB_LIST, 0, HAS_PATH | HAS_MIME_WANTED },
	{ FT1_STAT, VERB_STAT, HAS_PATH, HAS_LINK | HAS_MIME_WANTED },
	{ FT1_GET, VERB_GET, HAS_PATH,
	    HAS_OFFSET | HAS_LENGTH | HAS_IF_VERSION | HAS_WAIT_LOCK },
	{ FT1_PUT, VERB_PUT, 0, HAS_PATH | HAS_SIZE | HAS_MODE | HAS_MTIME |
	    HAS_TAKEN | HAS_IF_ABSENT | HAS_IF_VERSION | HAS_UPLOAD |
	    HAS_OFFSET | HAS_LENGTH | HAS_WAIT_LOCK | HAS_TREE | HAS_BASIS },
	{ FT1_CD, VERB_CD, HAS_PATH, 0 },
	{ FT1_PWD, VERB_PWD, 0, 0 },
	{ FT1_MKDIR, VERB_MKDIR, HAS_PATH, HAS_MODE | HAS_PARENTS | HAS_IF |
	    HAS_TREE },
	{ FT1_RMDIR, VERB_RMDIR, HAS_PATH, HAS_WAIT_LOCK },
	{ FT1_RM, VERB_RM, HAS_PATH, HAS_IF | HAS_RECURSIVE |
	    HAS_WAIT_LOCK },
	{ FT1_MV, VERB_MV, HAS_PATH | HAS_TARGET,
	    HAS_TAKEN | HAS_IF | HAS_WAIT_LOCK },
	{ FT1_APPEND, VERB_APPEND, HAS_PATH, HAS_SIZE | HAS_IF |
	    HAS_WAIT_LOCK },
	{ FT1_UPLOADS, VERB_UPLOADS, 0, HAS_PATH },
	{ FT1_DISCARD, VERB_DISCARD, HAS_UPLOAD, HAS_PATH },
	{ FT1_PIECES, VERB_PIECES, HAS_PATH,
	    HAS_OFFSET | HAS_LENGTH | HAS_IF_VERSION | HAS_WAIT_LOCK },
	{ FT1_WRITE, VERB_WRITE, HAS_PATH | HAS_OFFSET,
	    HAS_LENGTH | HAS_IF | HAS_WAIT_LOCK },
	{ FT1_TRUNCATE, VERB_TRUNCATE, HAS_PATH | HAS_SIZE,
	    HAS_IF | HAS_WAIT_LOCK },
	{ FT1_CP, VERB_CP, HAS_PATH | HAS_TARGET,
	    HAS_TAKEN | HAS_IF | HAS_WAIT_LOCK },
	{ FT1_SUM, VERB_SUM, HAS_METHOD | HAS_PATH,
	    HAS_OFFSET | HAS_LENGTH | HAS_WAIT_LOCK },
	{ FT1_FIND, VERB_FIND, 0, HAS_PATH | HAS_PATTERN | HAS_KIND |
	    HAS_SIZE_LEAST | HAS_SIZE_MOST | HAS_NEWER | HAS_OLDER |
	    HAS_DEPTH },
	{ FT1_DU, VERB_DU, 0, HAS_PATH },
	{ FT1_DF, VERB_DF, 0, HAS_PATH },
	{ FT1_TOUCH, VERB_TOUCH, HAS_PATH,
	    HAS_MODE | HAS_MTIME | HAS_IF | HAS_WAIT_LOCK },
	{ FT1_TREE, VERB_TREE, 0, HAS_PATH | HAS_SIZE | HAS_MODE |
	    HAS_TAKEN | HAS_UPLOAD | HAS_COUNT },
	{ FT1_TREE_COMMIT, VERB_TREE_COMMIT,
	    HAS_DIGEST | HAS_UPLOAD | HAS_COUNT, 0 },
	{ FT1_GET_TREE, VERB_GET_TREE, 0,
	    HAS_PATH | HAS_WAIT_LOCK | HAS_TOTAL_WANTED },
	{ FT1_SYMLINK, VERB_SYMLINK, HAS_PATH | HAS_LINK, HAS_IF_ABSENT },
	{ FT1_LOCK, VERB_LOCK, HAS_PATH,
	    HAS_OFFSET | HAS_LENGTH | HAS_SHARED | HAS_WAIT_LOCK },
	{ FT1_UNLOCK, VERB_UNLOCK, HAS_PATH, HAS_OFFSET | HAS_LENGTH },
	{ FT1_LOCKS, VERB_LOCKS, 0, HAS_PATH },
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

bool
ft1_is_upload(uint8_t type)
{
	return type == FT1_PUT || type == FT1_APPEND || type == FT1_WRITE;
}

/* The field as bytes, if it is not shorter or longer than it may be. */
static uint64_t
take_bytes(struct request_bytes *out, const struct ft1_fields *fields,
    uint64_t bit, size_t least, size_t most)
{
	if (fields->len < least || fields->len > most)
		return 0;
	out->at = (const char *)fields->value;
	out->len = fields->len;
	return bit;
}

static uint64_t
bit_if(bool good, uint64_t bit)
{
	return good ? bit : 0;
}

/* Fields of login and of the connection; as take_field. */
static uint64_t
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

/* Fields of the commands on trees; as take_field. */
static uint64_t
take_tree_field(struct message *message, const struct ft1_fields *fields)
{
	struct request *request = &message->request;

	switch (fields->tag) {
	case FT1_TAG_RECURSIVE:
		return bit_if(fields->len == 0, HAS_RECURSIVE);
	case FT1_TAG_TREE:
		return bit_if(ft1_get_id(fields, request->tree), HAS_TREE);
	case FT1_TAG_COUNT:
		return bit_if(ft1_get_u64(fields, &request->count),
		    HAS_COUNT);
	case FT1_TAG_BASIS:
		return bit_if(fields->len == 0, HAS_BASIS);
	case FT1_TAG_PARENTS:
		return bit_if(fields->len == 0, HAS_PARENTS);
	case FT1_TAG_MIME_WANTED:
		return bit_if(fields->len == 0, HAS_MIME_WANTED);
	case FT1_TAG_TOTAL_WANTED:
		return bit_if(fields->len == 0, HAS_TOTAL_WANTED);
	case FT1_TAG_LINK:
		return take_bytes(&request->link, fields, HAS_LINK, 0,
		    FT1_PATH_MAX);
	case FT1_TAG_PATTERN:
		return take_bytes(&request->pattern, fields, HAS_PATTERN, 1,
		    FT1_NAME_MAX);
	case FT1_TAG_KIND:
		return bit_if(ft1_get_u8(fields, &request->kind), HAS_KIND);
	case FT1_TAG_SIZE_LEAST:
		return bit_if(ft1_get_u64(fields, &request->size_least),
		    HAS_SIZE_LEAST);
	case FT1_TAG_SIZE_MOST:
		return bit_if(ft1_get_u64(fields, &request->size_most),
		    HAS_SIZE_MOST);
	case FT1_TAG_NEWER:
		return bit_if(ft1_get_time(fields, &request->newer),
		    HAS_NEWER);
	case FT1_TAG_OLDER:
		return bit_if(ft1_get_time(fields, &request->older),
		    HAS_OLDER);
	case FT1_TAG_DEPTH:
		return bit_if(ft1_get_u32(fields, &request->depth),
		    HAS_DEPTH);
	}
	return take_login_field(message, fields);
}

/* The bit of the field that was read, 0 if its value is not as it must be. */
static uint64_t
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
	case FT1_TAG_UPLOAD:
		return bit_if(ft1_get_id(fields, request->upload),
		    HAS_UPLOAD);
	case FT1_TAG_WAIT_LOCK:
		return bit_if(ft1_get_u32(fields, &request->wait) &&
		    request->wait <= FT1_LOCK_WAIT_MAX, HAS_WAIT_LOCK);
	case FT1_TAG_SHARED:
		return bit_if(fields->len == 0, HAS_SHARED);
	case FT1_TAG_DIGEST:
		return bit_if(ft1_get_id(fields, message->commit.digest),
		    HAS_DIGEST);
	}
	return take_tree_field(message, fields);
}

/* Does the tag belong to a client's frame at all? */
static bool
is_known(uint16_t tag)
{
	static const uint16_t known[] = { FT1_TAG_VERSIONS, FT1_TAG_USER,
	    FT1_TAG_METHOD, FT1_TAG_RESPONSE, FT1_TAG_TICKET_SECONDS,
	    FT1_TAG_PATH, FT1_TAG_TARGET, FT1_TAG_OFFSET, FT1_TAG_LENGTH,
	    FT1_TAG_SIZE, FT1_TAG_MODE, FT1_TAG_MTIME, FT1_TAG_TAKEN,
	    FT1_TAG_IF_ABSENT, FT1_TAG_IF_VERSION, FT1_TAG_DIGEST,
	    FT1_TAG_RECURSIVE, FT1_TAG_PARENTS, FT1_TAG_PATTERN, FT1_TAG_KIND,
	    FT1_TAG_SIZE_LEAST, FT1_TAG_SIZE_MOST, FT1_TAG_NEWER,
	    FT1_TAG_OLDER, FT1_TAG_DEPTH, FT1_TAG_WAIT_LOCK,
	    FT1_TAG_SHARED, FT1_TAG_UPLOAD, FT1_TAG_COUNT, FT1_TAG_TREE,
	    FT1_TAG_MIME_WANTED, FT1_TAG_LINK, FT1_TAG_BASIS,
	    FT1_TAG_TOTAL_WANTED };
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
	uint64_t bit;

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
	request->method = message.login.method;
	request->recursive = (message.present & HAS_RECURSIVE) != 0;
	request->parents = (message.present & HAS_PARENTS) != 0;
	request->has_size_least = (message.present & HAS_SIZE_LEAST) != 0;
	request->has_size_most = (message.present & HAS_SIZE_MOST) != 0;
	request->has_newer = (message.present & HAS_NEWER) != 0;
	request->has_older = (message.present & HAS_OLDER) != 0;
	request->has_depth = (message.present & HAS_DEPTH) != 0;
	request->id = header->id;
	request->chained = (header->flags & FT1_CHAINED) != 0;
	request->has_offset = (message.present & HAS_OFFSET) != 0;
	request->has_length = (message.present & HAS_LENGTH) != 0;
	request->has_size = (message.present & HAS_SIZE) != 0;
	request->has_mode = (message.present & HAS_MODE) != 0;
	request->has_mtime = (message.present & HAS_MTIME) != 0;
	request->has_upload = (message.present & HAS_UPLOAD) != 0;
	request->has_tree = (message.present & HAS_TREE) != 0;
	request->wants_mime = (message.present & HAS_MIME_WANTED) != 0;
	request->wants_total = (message.present & HAS_TOTAL_WANTED) != 0;
	request->basis = (message.present & HAS_BASIS) != 0;
	memcpy(request->digest, message.commit.digest, DIGEST_SIZE);
	request->if_absent = (message.present & HAS_IF_ABSENT) != 0;
	request->if_version = (message.present & HAS_IF_VERSION) != 0;
	request->shared = (message.present & HAS_SHARED) != 0;
	if (verdict == FT1_GOOD) {
		if (rule_of(header->type)->verb == -1)
			return FT1_BAD;
		request->verb = (enum verb)rule_of(header->type)->verb;
		verdict = ft1_judge(request, message.present);
	}
	return verdict;
}
