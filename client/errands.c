/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "errands.h"

#include <stdlib.h>
#include <string.h>

#include "paths.h"

/* Requests that await their answers; a server hears no more than 64 KiB. */
#define WINDOW		256
#define WINDOW_BYTES	32768u
#define FIELDS_BYTES	80u	/* of one, but for its path; at most */

struct item {
	struct call	 call;
	struct errands	*errands;	/* borrowed */
	struct errand	 errand;	/* its path is owned */
	struct errand_found found;	/* its link is owned */
};

struct errands {
	struct client	*client;	/* borrowed */
	errand_done	*done;
	void		*owner;		/* borrowed */
	struct item	 at[WINDOW];	/* a ring */
	size_t		 first, len, bytes;
};

enum status
errands_new(struct errands **out, struct client *client, errand_done *done,
    void *owner)
{
	struct errands *errands = calloc(1, sizeof(*errands));

	if ((*out = errands) == NULL)
		return status_no_memory();
	errands->client = client;
	errands->done = done;
	errands->owner = owner;
	return STATUS_OK;
}

static size_t
bytes_of(const struct errand *errand)
{
	return FT1_HEADER_SIZE + FIELDS_BYTES + strlen(errand->path) +
	    (errand->link != NULL ? strlen(errand->link) : 0);
}

static enum status
take_found(struct call *call, const struct frame *frame)
{
	struct item *item = call->owner;
	struct errand_found *found = &item->found;
	struct reply reply;
	enum status st;

	if (frame->header.type != FT1_OK)
		return status_set(STATUS_PROTOCOL, "the server answered a "
		    "question for a file with a frame of type %u",
		    frame->header.type);
	if ((st = reply_read(&reply, frame, REPLY_ENTRY)) != STATUS_OK)
		return st;
	*found = (struct errand_found){ .type = reply.entry.type,
	    .mode = reply.entry.mode, .size = reply.entry.size,
	    .mtime = reply.entry.mtime };
	memcpy(found->version, reply.entry.version, FT1_ID_SIZE);
	if (reply.link.at == NULL)
		return STATUS_OK;
	if (memchr(reply.link.at, '\0', reply.link.len) != NULL)
		return status_set(STATUS_PROTOCOL,
		    "the server told of a link with a NUL byte");
	found->link = strndup((const char *)reply.link.at, reply.link.len);
	return found->link == NULL ? status_no_memory() : STATUS_OK;
}

static enum status
take_answer(struct call *call, const struct frame *frame)
{
	const struct item *item = call->owner;

	return item->errand.take(item->errands->owner, &item->errand, frame);
}

static void
send_item(struct errands *errands, struct item *item)
{
	const struct errand *errand = &item->errand;
	struct ft1_frame *frame;

	item->errands = errands;
	item->call = (struct call){ .owner = item,
	    .receiver = errand->take != NULL ? take_answer :
	    errand->type == FT1_STAT ? take_found : NULL };
	frame = remote_request(errands->client->remote, errand->type, 0,
	    &item->call);
	ft1_put_string(frame, FT1_TAG_PATH, errand->path);
	if (errand->has_mode)
		ft1_put_u32(frame, FT1_TAG_MODE, errand->mode);
	if (errand->has_time)
		ft1_put_time(frame, FT1_TAG_MTIME, errand->time);
	if (errand->wait > 0)
		ft1_put_u32(frame, FT1_TAG_WAIT_LOCK, errand->wait);
	if (errand->has_parents)
		ft1_put_bytes(frame, FT1_TAG_PARENTS, "", 0);
	if (errand->tree != NULL)
		ft1_put_bytes(frame, FT1_TAG_TREE, errand->tree, FT1_ID_SIZE);
	if (errand->link != NULL || errand->asks_link)
		ft1_put_string(frame, FT1_TAG_LINK,
		    errand->link != NULL ? errand->link : "");
	(void)remote_send(errands->client->remote);
}

bool
errand_again(struct client *client, struct call *call,
    struct patience *patience, enum status st)
{
	if (revive_is_loss(st))
		return revive_after(&client->revive, client->remote, call,
		    st) == STATUS_OK;
	patience->wait = call->wait;
	return st == STATUS_BUSY && patience_wait(patience,
	    client->interrupt, client->settings->verbose,
	    client->settings->board) == STATUS_OK;
}

static enum status
settle_first(struct errands *errands)
{
	struct item *item = &errands->at[errands->first];
	struct client *client = errands->client;
	struct patience patience = { 0 };
	enum status st;

	st = remote_wait(client->remote, &item->call);
	while (st != STATUS_OK &&
	    errand_again(client, &item->call, &patience, st)) {
		send_item(errands, item);
		st = remote_wait(client->remote, &item->call);
	}
	errands->first = (errands->first + 1) % WINDOW;
	errands->len--;
	errands->bytes -= bytes_of(&item->errand);
	if (st == STATUS_OK)
		revive_rest(&client->revive);
	if (remote_lost(client->remote) == STATUS_OK &&
	    st != STATUS_CANCELLED) {
		errands->done(errands->owner, &item->errand, st);
		st = STATUS_OK;
	}
	free((char *)item->errand.path);
	free(item->found.link);
	return st;
}

/* All of them are waited for, also behind a failure. */
static enum status
settle_after(struct errands *errands, enum status st)
{
	struct status_words words = { 0 };

	status_words_keep(&words, st);
	while (errands->len > 0)
		status_words_first(&words, &st, settle_first(errands));
	return status_words_return(&words, st);
}

enum status
errands_settle(struct errands *errands)
{
	return settle_after(errands, STATUS_OK);
}

enum status
errands_add(struct errands *errands, const struct errand *errand)
{
	enum status st;
	struct item *item;
	char *path;

	if ((st = path_check(errand->path)) != STATUS_OK) {
		errands->done(errands->owner, errand, st);
		return STATUS_OK;
	}
	while (errands->len == WINDOW || (errands->len > 0 &&
	    errands->bytes + bytes_of(errand) > WINDOW_BYTES))
		if ((st = settle_first(errands)) != STATUS_OK)
			return st;
	if ((path = strdup(errand->path)) == NULL)
		return status_no_memory();
	item = &errands->at[(errands->first + errands->len++) % WINDOW];
	item->errand = *errand;
	item->errand.path = path;
	item->errand.found = &item->found;
	item->found = (struct errand_found){ .link = NULL };
	errands->bytes += bytes_of(errand);
	send_item(errands, item);
	return STATUS_OK;
}

enum status
errands_end(struct errands *errands, enum status st)
{
	st = settle_after(errands, st);
	free(errands);
	return st;
}
