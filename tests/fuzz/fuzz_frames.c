/* SPDX-License-Identifier: ISC */
/*
 * Any bytes as what a client says to the FT/1 face, on a real base and with
 * real lines: nothing crashes, every answer is well formed and in order, each
 * request has one, nobody waits for what does not come, and no stage is left
 * that has no record.
 *
 * The first byte says how the bytes come and how much room answers have; with
 * its lowest bit the client is logged in already.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "frames_support.h"
#include "log.h"

#define IDS_MAX 4096

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static struct serving serving;

/* Ids that were sent, as far as the frames were sound. */
struct ids {
	size_t		 count;
	uint32_t	 id[IDS_MAX];
};

static void
must(bool good)
{
	if (!good)
		abort();
}

static void
at_exit(void)
{
	serving_close(&serving);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const struct serving_plan plan = { .under = "/dev/shm",
	    .users = "a:" SERVING_HASH ":\n", .max_stages = 4,
	    .durability = DURABILITY_ASYNC };

	(void)argc;
	(void)argv;
	umask(022);
	log_set_level(LOG_LEVEL_ERROR);
	serving_open(&serving, &plan);
	atexit(at_exit);
	return 0;
}

static void
note(struct ids *ids, uint32_t id)
{
	if (ids->count < IDS_MAX)
		ids->id[ids->count++] = id;
}

static bool
has(const struct ids *ids, uint32_t id)
{
	for (size_t i = 0; i < ids->count; i++)
		if (ids->id[i] == id)
			return true;
	return ids->count == IDS_MAX;
}

/* What the client has sent: apart what may overtake. */
static void
collect(const uint8_t *bytes, size_t len, struct ids *pings, struct ids *all)
{
	struct ft1_header header;

	for (; len >= FT1_HEADER_SIZE; bytes += header.length,
	    len -= header.length) {
		ft1_header_read(&header, bytes);
		bytes += FT1_HEADER_SIZE;
		len -= FT1_HEADER_SIZE;
		note(all, header.id);
		if (header.type == FT1_PING || (header.flags & FT1_NOW) != 0)
			note(pings, header.id);
		if (header.length > len)
			return;
	}
}

static void
check_fields(const uint8_t *payload, size_t len)
{
	struct ft1_fields fields;
	enum ft1_next next;

	ft1_fields_begin(&fields, payload, len);
	while ((next = ft1_field_next(&fields)) == FT1_FIELD)
		continue;
	must(next == FT1_END);
}

static void
check_entries(const uint8_t *payload, size_t len)
{
	struct ft1_entry entry;
	enum ft1_next next;

	must(len > 0);
	while ((next = ft1_entry_next(&entry, &payload, &len)) == FT1_FIELD)
		continue;
	must(next == FT1_END);
}

/* Each led by its length. */
static void
check_rows(const uint8_t *payload, size_t len)
{
	size_t size;

	must(len > 0);
	for (; len > 0; payload += size, len -= size) {
		must(len >= 2);
		size = 2 + ((size_t)payload[0] << 8 | payload[1]);
		must(size > 2 && size <= len);
	}
}

static void
check_payload(const struct ft1_header *header, const uint8_t *payload)
{
	if (header->type == FT1_DATA)
		must(header->length > FT1_OFFSET_SIZE &&
		    header->length <= FT1_MAX_DATA);
	else
		must(header->length <= FT1_MAX_REQUEST);
	if (header->type == FT1_ENTRIES)
		check_entries(payload, header->length);
	else if (header->type >= FT1_HELD && header->type <= FT1_MEMBERS)
		check_rows(payload, header->length);
	else if (header->type != FT1_DATA)
		check_fields(payload, header->length);
}

/* The server's half: well formed, in order, and nothing after its end. */
static void
check_answers(const struct talk *talk, const struct ids *pings,
    const struct ids *all)
{
	struct ft1_header header;
	const uint8_t *at = talk->out;
	size_t left = talk->out_len;
	uint32_t last = 0;
	bool is_over = false;

	for (; left > 0; at += header.length, left -= header.length) {
		must(left >= FT1_HEADER_SIZE && !is_over);
		ft1_header_read(&header, at);
		at += FT1_HEADER_SIZE;
		left -= FT1_HEADER_SIZE;
		must(header.length <= left && header.flags == 0 &&
		    header.reserved == 0 && (header.type == FT1_HELLO ||
		    header.type == FT1_CHALLENGE || header.type == FT1_DATA ||
		    (header.type >= FT1_OK && header.type <= FT1_MEMBERS)));
		check_payload(&header, at);
		is_over = header.id == 0 && header.type == FT1_ERROR;
		must(header.id != 0 || is_over || header.type == FT1_HELLO);
		must(header.id == 0 || has(all, header.id));
		if (header.id == 0 || has(pings, header.id) ||
		    (header.type != FT1_OK && header.type != FT1_ERROR))
			continue;
		must(header.id > last || pings->count == IDS_MAX);
		last = header.id;
	}
	must(is_over == talk->has_ended);
}

/* In pieces that the first byte chooses, to a client that reads as it likes. */
static void
send_in_pieces(struct talk *talk, const uint8_t *bytes, size_t len,
    uint8_t how)
{
	uint32_t dice = how;
	size_t n, room;

	while (len > 0) {
		dice = dice * 1664525 + 1013904223;
		n = (how & 2) != 0 ? len : 1 + (dice >> 24) %
		    ((how & 4) != 0 ? 8 : 200);
		if (n > len)
			n = len;
		talk_send(talk, bytes, n);
		bytes += n;
		len -= n;
		room = (how & 8) != 0 ? TALK_ROOM : (dice >> 8) % 20000;
		talk_turn(talk, room, (how & 16) != 0);
		if ((how & 32) != 0)
			talk_turn(talk, TALK_ROOM, false);
	}
}

static bool
is_whole(const struct talk *talk)
{
	struct ft1_header header;

	if (talk->in_len < FT1_HEADER_SIZE)
		return false;
	ft1_header_read(&header, talk->in);
	return talk->in_len - FT1_HEADER_SIZE >= header.length;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct ids pings = { .count = 0 }, all = { .count = 0 };
	struct talk talk;
	uint8_t how;
	bool has_put;

	if (len < 1 || len > 100000)
		return 0;
	how = *bytes++;
	len--;
	talk_begin(&talk, &serving);
	if ((how & 1) != 0) {
		say_hello(&talk);
		say_login(&talk, 1, "a", "hunter2");
		note(&all, 1);
		talk_settle(&talk);
	}
	collect(bytes, len, &pings, &all);
	send_in_pieces(&talk, bytes, len, how);
	talk_settle(&talk);
	must(talk.has_ended || !is_whole(&talk));
	check_answers(&talk, &pings, &all);
	has_put = talk.client.former != NULL;
	talk_end(&talk);
	if (has_put) {
		/* What can be taken up again has a record. */
		must(serving_stages(&serving) <= serving_records(&serving));
		serving_empty(&serving);
	}
	return 0;
}
