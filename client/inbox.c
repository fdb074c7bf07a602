/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "inbox.h"

#include <stdlib.h>
#include <string.h>

/* Requests that await their answers; a server hears no more than 64 KiB. */
#define WINDOW		64u
#define WINDOW_BYTES	32768u

/* Of files that are expected: the rest is for other connections. */
#define AHEAD		(4u << 20)

/* One that was asked for. */
struct pending {
	struct download	*download;	/* owned */
	size_t		 number;
	uint64_t	 size;		/* expected */
};

struct inbox {
	struct client	*client;	/* borrowed */
	inbox_done	*done;
	void		*owner;		/* borrowed */
	struct pending	 at[WINDOW];	/* a ring */
	size_t		 first, len, bytes;
	uint64_t	 ahead;		/* their sizes */
};

enum status
inbox_new(struct inbox **out, struct client *client, inbox_done *done,
    void *owner)
{
	struct inbox *inbox = calloc(1, sizeof(*inbox));

	if ((*out = inbox) == NULL)
		return status_no_memory();
	inbox->client = client;
	inbox->done = done;
	inbox->owner = owner;
	return STATUS_OK;
}

/* The one that was asked for first. */
static enum status
end_first(struct inbox *inbox)
{
	struct pending *pending = &inbox->at[inbox->first];
	enum status st;
	uint64_t size;

	st = download_end(pending->download, &size);
	inbox->first = (inbox->first + 1) % WINDOW;
	inbox->ahead -= pending->size;
	if (--inbox->len == 0)
		inbox->bytes = 0;
	if (st == STATUS_CANCELLED ||
	    (st != STATUS_OK &&
	    remote_lost(inbox->client->remote) != STATUS_OK))
		return st;
	inbox->done(inbox->owner, pending->number, size, st);
	return STATUS_OK;
}

/* All of them are waited for, also behind a failure. */
static enum status
settle_after(struct inbox *inbox, enum status st)
{
	struct status_words words = { 0 };

	status_words_keep(&words, st);
	while (inbox->len > 0)
		status_words_first(&words, &st, end_first(inbox));
	return status_words_return(&words, st);
}

enum status
inbox_settle(struct inbox *inbox)
{
	return settle_after(inbox, STATUS_OK);
}

enum status
inbox_make_room(struct inbox *inbox)
{
	enum status st = STATUS_OK;

	while (inbox->len > 0 && st == STATUS_OK &&
	    (inbox->len == WINDOW || inbox->ahead > AHEAD))
		st = end_first(inbox);
	return st;
}

enum status
inbox_add(struct inbox *inbox, const struct download_plan *plan,
    size_t number)
{
	struct pending *pending;
	enum status st;

	while (inbox->len == WINDOW ||
	    (inbox->len > 0 && inbox->bytes > WINDOW_BYTES))
		if ((st = inbox->len == WINDOW ? end_first(inbox) :
		    inbox_settle(inbox)) != STATUS_OK)
			return st;
	pending = &inbox->at[(inbox->first + inbox->len) % WINDOW];
	st = download_begin(&pending->download, inbox->client, plan);
	if (st == STATUS_OK) {
		pending->number = number;
		pending->size = plan->size;
		inbox->ahead += plan->size;
		inbox->len++;
		inbox->bytes += FT1_HEADER_SIZE + 20 + strlen(plan->path);
	} else if (st != STATUS_NO_MEMORY) {
		inbox->done(inbox->owner, number, 0, st);
		st = STATUS_OK;
	}
	return st;
}

enum status
inbox_end(struct inbox *inbox, enum status st)
{
	st = settle_after(inbox, st);
	free(inbox);
	return st;
}
