/* SPDX-License-Identifier: ISC */
/* Commands that change a file of the server where it is. */
#include "config.h"

#include "verb.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "paths.h"
#include "report.h"
#include "sender.h"
#include "show.h"

/* What is on its way, and what the server says of it. */
struct change {
	const struct sending *sent;
	struct receipt	 receipt;
};

/* The server has what was sent. */
static enum status
take_receipt(struct call *call, const struct frame *frame)
{
	struct change *change = call->owner;
	struct reply reply;
	enum status st;

	st = reply_final(&reply, frame, "a change",
	    REPLY_SIZE | REPLY_VERSION_NOW | REPLY_DIGEST);
	receipt_read(&change->receipt, &reply);
	if (st == STATUS_OK &&
	    memcmp(reply.digest, change->sent->digest, FT1_ID_SIZE) != 0)
		st = status_set(STATUS_DIGEST,
		    "the server wrote something else than was sent");
	return st;
}

static void
tell(const struct client *client, const char *verb,
    const struct change *change)
{
	const struct sending *sent = change->sent;

	if (report_receipt(&client->revive, sent->path, sent->size,
	    &change->receipt) || client->settings->quiet)
		return;
	printf("%s ", verb);
	show_string(stdout, sent->path);
	printf(" %" PRIu64 " bytes\n", sent->size);
}

static enum status
send_into(struct client *client, const char *verb, struct sending *sending)
{
	struct change change = { .sent = sending };
	struct call call = { .receiver = take_receipt, .owner = &change };
	enum status st;

	if ((st = path_check(sending->path)) != STATUS_OK)
		return st;
	sending->call = &call;
	st = sender_send(outbox_sender(client->outbox), sending);
	if (st == STATUS_OK)
		st = remote_wait(client->remote, &call);
	if (st == STATUS_OK)
		tell(client, verb, &change);
	return st;
}

enum status
verb_append(struct client *client, const struct arguments *arguments,
    const char **blame)
{
	struct sending sending = { .local = arguments->words[0],
	    .path = arguments->words[1], .type = FT1_APPEND };
	enum status st;

	*blame = sending.path;
	st = verb_wait_seconds(&sending.wait, arguments);
	if (st == STATUS_OK)
		st = conditions_read(&sending.conditions, arguments);
	if (st == STATUS_OK)
		st = send_into(client, "append", &sending);
	return st;
}

enum status
verb_write(struct client *client, const struct arguments *arguments,
    const char **blame)
{
	struct sending sending = { .local = arguments->words[0],
	    .path = arguments->words[1], .type = FT1_WRITE };
	enum status st;

	if (sending.path == NULL)
		sending.path = path_base(sending.local);
	if ((*blame = sending.path) == NULL ||
	    (strcmp(sending.local, "-") == 0 && arguments->len == 1))
		return status_set(STATUS_USAGE,
		    "--offset needs the name of a file on the server");
	/* What was put before comes before. */
	st = outbox_settle(client->outbox);
	if (st != STATUS_OK) {
		*blame = outbox_blame(client->outbox);
		return st;
	}
	st = verb_size(&sending.offset, arguments->options[OPTION_OFFSET]);
	if (st == STATUS_OK)
		st = verb_wait_seconds(&sending.wait, arguments);
	if (st == STATUS_OK)
		st = conditions_read(&sending.conditions, arguments);
	if (st == STATUS_OK && sending.conditions.has_taken)
		st = status_set(STATUS_USAGE,
		    "--offset is for a file that is there");
	if (st == STATUS_OK)
		st = send_into(client, "put", &sending);
	return st;
}

static enum status
take_size(struct call *call, const struct frame *frame)
{
	struct reply reply;
	enum status st;

	st = reply_final(&reply, frame, "a change",
	    REPLY_SIZE | REPLY_VERSION_NOW);
	receipt_read(call->owner, &reply);
	return st;
}

enum status
verb_truncate(struct client *client, const struct arguments *arguments,
    const char **blame)
{
	struct receipt receipt;
	struct call call = { .receiver = take_size, .owner = &receipt };
	struct conditions conditions;
	struct ft1_frame *frame;
	enum status st;
	uint32_t wait;
	uint64_t size;

	*blame = arguments->words[0];
	if ((st = path_check(*blame)) != STATUS_OK ||
	    (st = verb_size(&size, arguments->words[1])) != STATUS_OK ||
	    (st = verb_wait_seconds(&wait, arguments)) != STATUS_OK ||
	    (st = conditions_read(&conditions, arguments)) != STATUS_OK)
		return st;
	frame = remote_request(client->remote, FT1_TRUNCATE, 0, &call);
	ft1_put_string(frame, FT1_TAG_PATH, *blame);
	ft1_put_u64(frame, FT1_TAG_SIZE, size);
	conditions_put(&conditions, frame);
	if (wait > 0)
		ft1_put_u32(frame, FT1_TAG_WAIT_LOCK, wait);
	st = remote_finish(client->remote, &call);
	if (st == STATUS_OK)
		(void)report_receipt(&client->revive, *blame, 0, &receipt);
	return st;
}
