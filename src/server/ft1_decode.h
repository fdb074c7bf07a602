/*
 * ft1_decode - payloads of FT/1 frames from a client, turned into values and
 * checked against what each type of frame may and must hold.
 */
#ifndef FT1_DECODE_H
#define FT1_DECODE_H

#include <stdbool.h>
#include <stdint.h>

#include "ft1.h"
#include "request.h"

enum ft1_verdict {
	FT1_GOOD,
	FT1_UNKNOWN,	/* holds a field that we would have to understand */
	FT1_BAD		/* breaks the protocol */
};

struct ft1_login {
	struct request_bytes user, method;
	struct request_bytes response;	/* at is NULL if there is none */
	uint32_t ticket_seconds;	/* asked for; 0: as configured */
};

struct ft1_commit {
	uint64_t	size;
	uint8_t		digest[DIGEST_SIZE];
};

/* Is this a type of frame that begins a request on files? */
bool ft1_is_request(uint8_t type);

/* One that is followed by DATA and ended by COMMIT or ABORT? */
bool ft1_is_upload(uint8_t type);

/*
 * Each takes the payload of a frame of its type (header->length bytes); what it
 * writes borrows from the payload.
 */
enum ft1_verdict ft1_decode_hello(uint16_t *least, uint16_t *most,
    const struct ft1_header *header, const uint8_t *payload);
enum ft1_verdict ft1_decode_login(struct ft1_login *login,
    const struct ft1_header *header, const uint8_t *payload);
enum ft1_verdict ft1_decode_response(struct request_bytes *response,
    const struct ft1_header *header, const uint8_t *payload);
enum ft1_verdict ft1_decode_commit(struct ft1_commit *commit,
    const struct ft1_header *header, const uint8_t *payload);
/* A frame that holds no fields: PING, CANCEL, ABORT. */
enum ft1_verdict ft1_decode_nothing(const struct ft1_header *header,
    const uint8_t *payload);
/* FT1_UNKNOWN also for a type that is no request known here. */
enum ft1_verdict ft1_decode_request(struct request *request,
    const struct ft1_header *header, const uint8_t *payload);

#endif
