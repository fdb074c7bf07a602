/* SPDX-License-Identifier: ISC */
/*
 * One long file over several connections: the first sends from the front on, as
 * ever, and those of the crew take segments from the end, until they meet.  So
 * what the first one passes over is never somebody else's.
 */
#include "config.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "crew.h"
#include "sender_piece.h"

/* A part that is taken at once: enough for a round trip, few to do again. */
#define PART_LEAST	(4u * DIGEST_PIECE)
#define PART_MOST	(64u * DIGEST_PIECE)

struct part_of_file {
	uint64_t	 first, end;
};

struct spread {
	struct sender	*s;		/* borrowed; the first connection's */
	struct crew	*crew;		/* owned */
	uint8_t		(*digests)[DIGEST_SIZE];	/* owned; by piece */
	uint64_t	 own;		/* bytes done by the first */

	pthread_mutex_t	 mutex;		/* guards what follows */
	struct part_of_file left;	/* what nobody has taken */
};

/* Who sends a segment. */
struct carrier {
	struct spread	*spread;	/* borrowed */
	uint8_t		*room;		/* owned; of a piece */
	struct part_of_file part;	/* until it is there */
	int64_t		 told;		/* bytes of it that count as done */
	struct call	 call;
};

/* False if all is taken; `front` tells from which end. */
static bool
take_part(struct spread *spread, struct part_of_file *part, bool front)
{
	struct part_of_file *left = &spread->left;
	uint64_t n;

	pthread_mutex_lock(&spread->mutex);
	n = (left->end - left->first) / (2 * spread->s->sending->segments);
	if (n < PART_LEAST)
		n = PART_LEAST;
	if (n > PART_MOST)
		n = PART_MOST;
	*part = *left;
	if (front && left->end - left->first > n)
		part->end = left->first + n / DIGEST_PIECE * DIGEST_PIECE;
	if (!front && left->end - left->first > n)
		part->first = (left->end - n) / DIGEST_PIECE * DIGEST_PIECE;
	if (front)
		left->first = part->end;
	else
		left->end = part->first;
	pthread_mutex_unlock(&spread->mutex);
	return part->first < part->end;
}

static enum status
look(struct spread *spread, struct piece *piece)
{
	enum status st = piece_look(piece, spread->s);

	if (st == STATUS_OK)
		memcpy(spread->digests[piece->at / DIGEST_PIECE],
		    piece->digest, DIGEST_SIZE);
	return st;
}

/* Of whole pieces, one behind the other. */
static void
add_digests(struct digest *digest, const struct spread *spread,
    const struct part_of_file *part)
{
	uint64_t at;

	for (at = part->first; at < part->end; at += DIGEST_PIECE)
		digest_add(digest, spread->digests[at / DIGEST_PIECE]);
	digest_jump(digest, part->end);
}

/*
 * --- The crew ---------------------------------------------------------------
 */

static enum status
take_answer(struct call *call, const struct frame *frame)
{
	struct reply reply;

	(void)call;
	if (frame->header.type == FT1_BEGUN)
		return reply_read(&reply, frame, REPLY_UPLOAD);
	if (frame->header.type == FT1_OK)
		return reply_read(&reply, frame, 0);
	return reply_unexpected(frame, "a segment");
}

static enum status
begin_segment(struct carrier *carrier, struct member *member,
    const struct part_of_file *part)
{
	const struct sending *sending = carrier->spread->s->sending;
	struct ft1_frame *frame;

	carrier->call = (struct call){ .receiver = take_answer };
	frame = remote_request(member->remote, FT1_PUT, 0, &carrier->call);
	ft1_put_string(frame, FT1_TAG_PATH, sending->path);
	ft1_put_u64(frame, FT1_TAG_OFFSET, part->first);
	ft1_put_u64(frame, FT1_TAG_LENGTH, part->end - part->first);
	ft1_put_bytes(frame, FT1_TAG_UPLOAD, sending->id, FT1_ID_SIZE);
	return remote_send(member->remote);
}

static void
tell(struct carrier *carrier, struct member *member, size_t len)
{
	carrier->told += (int64_t)len;
	crew_add(member->crew, (int64_t)len);
}

/* COMMIT, or ABORT of what the server has refused, or we cannot read. */
static enum status
end_segment(struct carrier *carrier, struct member *member,
    const struct part_of_file *part)
{
	struct digest *digest = NULL;
	uint8_t sum[DIGEST_SIZE];
	struct ft1_frame *frame;

	if (carrier->call.done || carrier->call.failed) {
		(void)remote_more(member->remote, FT1_ABORT,
		    carrier->call.done ? 0 : FT1_NOW, &carrier->call);
		return remote_send(member->remote);
	}
	if ((digest = digest_begin(0)) == NULL)
		return status_no_memory();
	add_digests(digest, carrier->spread, part);
	digest_end(digest, sum);
	frame = remote_more(member->remote, FT1_COMMIT, 0, &carrier->call);
	ft1_put_u64(frame, FT1_TAG_SIZE, part->end - part->first);
	ft1_put_bytes(frame, FT1_TAG_DIGEST, sum, DIGEST_SIZE);
	return remote_send(member->remote);
}

static enum status
send_segment(struct carrier *carrier, struct member *member,
    struct piece *piece)
{
	struct part_of_file part = { piece->at, carrier->part.end };
	enum status st;

	st = begin_segment(carrier, member, &part);
	while (st == STATUS_OK && !carrier->call.done) {
		if (!piece->is_there)
			st = piece_send(piece, member->remote,
			    &carrier->call);
		tell(carrier, member, piece->len);
		if ((piece->at += piece->len) >= part.end)
			break;
		if (st == STATUS_OK)
			st = look(carrier->spread, piece);
	}
	/* A lost connection is the call's outcome by itself. */
	if (st != STATUS_OK)
		call_fail(&carrier->call, st);
	(void)end_segment(carrier, member, &part);
	st = remote_wait(member->remote, &carrier->call);
	member->wait = carrier->call.wait;
	return st;
}

/* Nothing is asked for until a piece is missing there. */
static enum status
carry_part(struct carrier *carrier, struct member *member)
{
	const struct part_of_file *part = &carrier->part;
	struct piece piece = { .room = carrier->room, .at = part->first,
	    .moved = &carrier->spread->s->sending->moved };
	enum status st;

	while ((st = look(carrier->spread, &piece)) == STATUS_OK &&
	    piece.is_there && piece.at + piece.len < part->end) {
		progress_brought(&carrier->spread->s->progress, piece.len);
		tell(carrier, member, piece.len);
		piece.at += piece.len;
	}
	if (st == STATUS_OK && !piece.is_there)
		st = send_segment(carrier, member, &piece);
	return st;
}

static enum status
begin_carrier(struct carrier **out, struct spread *spread)
{
	if ((*out = calloc(1, sizeof(**out))) == NULL ||
	    ((*out)->room = malloc(PIECE_ROOM)) == NULL) {
		free(*out);
		*out = NULL;
		return status_no_memory();
	}
	(*out)->spread = spread;
	return STATUS_OK;
}

static void
end_carrier(void *state)
{
	struct carrier *carrier = state;

	free(carrier->call.text);
	free(carrier->room);
	free(carrier);
}

/* Part after part; one that failed is done again first. */
static enum status
carry(void *owner, struct member *member)
{
	struct carrier *carrier = member->state;
	struct spread *spread = owner;
	enum status st;

	if (carrier == NULL) {
		if ((st = begin_carrier(&carrier, spread)) != STATUS_OK)
			return st;
		member->state = carrier;
	}
	while (carrier->part.first < carrier->part.end ||
	    take_part(spread, &carrier->part, false)) {
		if ((st = carry_part(carrier, member)) != STATUS_OK) {
			crew_add(member->crew, -carrier->told);
			carrier->told = 0;
			return st;
		}
		carrier->part.first = carrier->part.end;
		carrier->told = 0;
		crew_went_well(member);
	}
	return STATUS_OK;
}

/*
 * --- The first connection ---------------------------------------------------
 */

static bool
goes_on(struct spread *spread)
{
	return sender_goes_on(spread->s) && !crew_has_failed(spread->crew);
}

/* True while somebody of the crew is at work. */
static bool
show_progress(struct spread *spread)
{
	uint64_t theirs;
	bool works;

	theirs = crew_look(spread->crew, &works);
	progress_update(&spread->s->progress, spread->own + theirs);
	return works;
}

static enum status
send_part(struct spread *spread, const struct part_of_file *part)
{
	struct sender *s = spread->s;
	struct piece piece = { .room = s->piece,
	    .moved = &s->sending->moved };
	enum status st = STATUS_OK;

	for (s->at = part->first; s->at < part->end && st == STATUS_OK &&
	    goes_on(spread); s->at += piece.len) {
		piece.at = s->at;
		st = look(spread, &piece);
		if (st == STATUS_OK && piece.is_there)
			progress_brought(&s->progress, piece.len);
		else if (st == STATUS_OK)
			st = piece_send(&piece, s->remote, s->sending->call);
		spread->own += piece.len;
		(void)show_progress(spread);
	}
	return st;
}

static enum status
send_front(struct spread *spread)
{
	struct part_of_file part;
	enum status st = STATUS_OK;

	while (st == STATUS_OK && goes_on(spread) &&
	    take_part(spread, &part, true))
		st = send_part(spread, &part);
	return st;
}

static enum status
await_crew(struct spread *spread)
{
	struct sender *s = spread->s;
	enum status st = STATUS_OK;

	while (show_progress(spread) && st == STATUS_OK && goes_on(spread))
		st = remote_wait_fd(s->remote, s->sending->call,
		    crew_fd(spread->crew));
	return st;
}

static enum status
check_unchanged(const struct sender *s)
{
	struct stat sb;

	if (fstat(s->fd, &sb) == -1)
		return status_errno("%s", s->sending->local);
	return (uint64_t)sb.st_size == s->size ? STATUS_OK : sender_changed(s);
}

/* Who is ready too late for the last parts is not waited for. */
static unsigned int
members(const struct sender *s)
{
	uint64_t parts = (s->size + PART_LEAST - 1) / PART_LEAST;

	return (parts < s->sending->segments ? (unsigned int)parts :
	    s->sending->segments) - 1;
}

static enum status
send_by_all(struct spread *spread)
{
	const struct crew_work work = { .run = carry, .end = end_carrier,
	    .owner = spread, .may_be_fewer = true };
	struct part_of_file all = { 0, spread->s->size };
	struct sender *s = spread->s;
	enum status st, theirs;

	st = crew_begin(&spread->crew, s->revive, members(s), &work);
	if (st != STATUS_OK)
		return st;
	if ((st = send_front(spread)) == STATUS_OK)
		st = await_crew(spread);
	theirs = crew_end(spread->crew);
	if (st == STATUS_OK && (st = theirs) == STATUS_OK)
		st = check_unchanged(s);
	if (st == STATUS_OK)
		add_digests(s->digest, spread, &all);
	return st;
}

bool
sender_has_segments(const struct sender *s)
{
	return s->sending->segments > 1 && s->size > PART_LEAST;
}

enum status
sender_send_segments(struct sender *s)
{
	struct spread spread = { .s = s, .left = { 0, s->size } };
	enum status st;

	if (s->piece == NULL)
		s->piece = malloc(PIECE_ROOM);
	spread.digests = calloc(s->size / DIGEST_PIECE + 1,
	    sizeof(*spread.digests));
	if (s->piece == NULL || spread.digests == NULL)
		st = status_no_memory();
	else {
		pthread_mutex_init(&spread.mutex, NULL);
		st = send_by_all(&spread);
		pthread_mutex_destroy(&spread.mutex);
	}
	free(spread.digests);
	return st;
}
