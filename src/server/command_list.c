/* SPDX-License-Identifier: ISC */
/* The command list: a producer of names, in bounded memory. */
#include "config.h"

#include <stdlib.h>
#include <unistd.h>

#include "command.h"
#include "listing.h"
#include "mime_types.h"
#include "share_list.h"

/* Types that are told in one pull, so that others get their turn. */
#define TYPES_AT_ONCE 8

struct list_producer {
	struct producer	 producer;
	struct listing	*listing;	/* owned */
	struct share_list *shares;	/* owned; NULL but for the root */
	const struct listing_entry *held; /* an entry that found no room */
	uint64_t	 count;
	struct mime_types *types;	/* borrowed; NULL: none are told */
	bool		 is_typed;	/* that was tried for `held` */
	bool		 has_type;
	char		 type[MIME_TYPE_ROOM];
};

static void
list_free(struct producer *producer)
{
	struct list_producer *list = (struct list_producer *)producer;

	listing_end(list->listing);
	share_list_free(list->shares);
	free(list);
}

/* The next name, or NULL at the end: shares come last, and hide others. */
static enum status
next_entry(struct list_producer *list)
{
	enum status st;

	do {
		st = listing_next(list->listing, &list->held);
	} while (st == STATUS_OK && list->held != NULL &&
	    share_list_has(list->shares, list->held->name));
	if (st == STATUS_OK && list->held == NULL)
		list->held = share_list_next(list->shares);
	return st;
}

/* Of a file that is served; true if it took some work. */
static bool
look_at_type(struct list_producer *list)
{
	int fd;

	if (list->types == NULL || list->is_typed)
		return false;
	list->is_typed = true;
	list->has_type = false;
	if (!listing_open(list->listing, list->held, &fd))
		return false;
	list->has_type = mime_types_of(list->types, fd, list->type);
	close(fd);
	return true;
}

static enum pull
list_pull(struct producer *producer, struct answer *answer)
{
	struct list_producer *list = (struct list_producer *)producer;
	struct outcome outcome = { .has_count = true };
	struct file_facts facts;
	unsigned int looks = 0;
	enum status st;

	for (;;) {
		if (looks == TYPES_AT_ONCE)
			return PULL_ON;
		if (list->held == NULL) {
			list->is_typed = false;
			st = next_entry(list);
			if (st != STATUS_OK) {
				answer_error(answer, st);
				return PULL_DONE;
			}
		}
		if (list->held == NULL)
			break;
		looks += look_at_type(list);
		command_facts(&facts, list->held->name, &list->held->st);
		if (list->types != NULL && list->has_type)
			facts.mime = list->type;
		if (!answer_entry(answer, &facts))
			return PULL_AGAIN;
		list->held = NULL;
		list->count++;
	}
	outcome.count = list->count;
	answer_ok(answer, &outcome);
	return PULL_DONE;
}

void
command_list(struct caller *caller, const struct request *request)
{
	static const struct producer_ops ops = { list_pull, list_free };
	struct list_producer *list;
	char path[WALK_PATH_ROOM];
	enum status st;

	if ((st = command_path(path, caller, &request->path)) != STATUS_OK) {
		command_fail(caller, request, st);
		return;
	}
	if ((list = calloc(1, sizeof(*list))) == NULL) {
		answer_error(caller->answer, STATUS_NO_MEMORY);
		return;
	}
	list->producer.ops = &ops;
	list->types = command_mime_types(caller, request);
	st = listing_begin(&list->listing, &caller->place, path);
	if (st != STATUS_OK) {
		free(list);
		command_fail(caller, request, st);
		return;
	}
	list->shares = share_list_new(caller, path);
	answer_produce(caller->answer, &list->producer);
}
