/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "fleet.h"

#include <pthread.h>
#include <stdlib.h>

#include "board.h"
#include "fleet_split.h"
#include "inbox.h"
#include "sender.h"

/* What became of a file, until it is told. */
struct kept {
	struct fleet_result result;
	struct status_words words;
};

struct fleet {
	const struct fleet_work *work;	/* borrowed */
	struct client	*client;	/* borrowed; the first connection's */
	struct client	 like;		/* as it was before the crew began */
	struct crew	*crew;		/* owned; NULL: one connection */
	size_t		 told;		/* so many, by the first */
	unsigned int	 jobs;		/* connections */
	struct fleet_split split;	/* owned */

	pthread_mutex_t	 mutex;		/* guards what follows */
	size_t		 next;		/* the number to be taken */
	size_t		 passed;	/* of those that are split */
	struct kept	**kept;		/* owned, one each; NULL without a
					 * crew: all is told at once */
	bool		 lacks_memory;
};

/* One connection, and what is on its way there. */
struct ship {
	struct letter_watch watch;
	struct fleet	*fleet;		/* borrowed */
	struct client	*client;	/* borrowed */
	struct member	*member;	/* borrowed; NULL: the first */
	struct inbox	*inbox;		/* owned, if files are fetched */
	unsigned int	 segments;	/* connections for a file, or 0 */

	/* of a member */
	struct client	 own;		/* the client, by its connection */
	bool		 has_ended;
	enum status	 outcome;
	struct status_words words;	/* owned; for that */
};

/*
 * --- What became of them ----------------------------------------------------
 */

static void
hold(const struct fleet *fleet, int64_t bytes)
{
	board_hold(fleet->client->settings->board, bytes);
}

static void
keep(struct fleet *fleet, size_t number, const struct fleet_result *result)
{
	struct kept *kept = calloc(1, sizeof(*kept));

	if (kept != NULL) {
		kept->result = *result;
		kept->result.sending = NULL;
		if (result->st != STATUS_OK)
			status_words_keep(&kept->words, result->st);
		hold(fleet, (int64_t)result->size);
	}
	pthread_mutex_lock(&fleet->mutex);
	fleet->kept[number] = kept;
	fleet->lacks_memory |= kept == NULL;
	pthread_mutex_unlock(&fleet->mutex);
}

static void
note(struct ship *ship, size_t number, const struct fleet_result *result)
{
	struct fleet *fleet = ship->fleet;

	if (fleet->kept == NULL) {
		fleet->work->done(fleet->work->owner, number, result);
		return;
	}
	keep(fleet, number, result);
	if (ship->member != NULL)
		crew_add(ship->member->crew, (int64_t)result->size);
}

/* NULL if nothing has become of that one yet. */
static struct kept *
take_kept(struct fleet *fleet, size_t number)
{
	struct kept *kept;

	pthread_mutex_lock(&fleet->mutex);
	kept = fleet->kept[number];
	fleet->kept[number] = NULL;
	pthread_mutex_unlock(&fleet->mutex);
	return kept;
}

static void
tell_one(const struct fleet *fleet, size_t number, struct kept *kept)
{
	if (kept->result.st != STATUS_OK)
		(void)status_words_return(&kept->words, kept->result.st);
	hold(fleet, -(int64_t)kept->result.size);
	fleet->work->done(fleet->work->owner, number, &kept->result);
	free(kept);
}

/* In their order, as far as it goes; `all`: also behind one that is lost. */
static void
tell(struct fleet *fleet, bool all)
{
	struct kept *kept;

	while (fleet->kept != NULL && fleet->told < fleet->work->count) {
		kept = take_kept(fleet, fleet->told);
		if (kept == NULL && !all)
			break;
		if (kept != NULL)
			tell_one(fleet, fleet->told, kept);
		fleet->told++;
	}
}

static void
fetched(void *owner, size_t number, uint64_t size, enum status st)
{
	note(owner, number, &(struct fleet_result){ .st = st, .size = size });
}

static void
sent(struct letter_watch *watch, const struct sending *sending)
{
	note((struct ship *)watch, sending->number, &(struct fleet_result){
	    .size = sending->size, .moved = sending->moved,
	    .sending = sending,
	    .is_async = sending->is_async });
}

static void
failed(struct letter_watch *watch, const struct sending *sending,
    enum status st)
{
	/* All that is on its way is cancelled at once. */
	if (st != STATUS_CANCELLED)
		note((struct ship *)watch, sending->number,
		    &(struct fleet_result){ .st = st });
}

/*
 * --- One connection ---------------------------------------------------------
 */

/* What was split is done by then. */
static void
pass_split(struct fleet *fleet)
{
	const struct fleet_split *split = &fleet->split;

	while (fleet->passed < split->len &&
	    split->numbers[fleet->passed] == fleet->next) {
		fleet->passed++;
		fleet->next++;
	}
}

/* False if there is nothing more to be done. */
static bool
take(struct fleet *fleet, size_t *number)
{
	bool any;

	pthread_mutex_lock(&fleet->mutex);
	pass_split(fleet);
	any = fleet->next < fleet->work->count && !fleet->lacks_memory;
	if (any)
		*number = fleet->next++;
	pthread_mutex_unlock(&fleet->mutex);
	return any;
}

static enum status
fetch(struct ship *ship, size_t number, const struct fleet_file *file)
{
	struct download_plan plan = *ship->fleet->work->fetch;

	plan.path = file->remote;
	plan.local = file->local;
	plan.below = file->below;
	plan.goes_on = file->goes_on;
	plan.segments = ship->segments;
	plan.moved = file->moved;
	/* Who is alone leaves nothing to others. */
	plan.size = ship->fleet->kept != NULL ? file->size : 0;
	return inbox_add(ship->inbox, &plan, number);
}

static enum status
send(struct ship *ship, size_t number, const struct fleet_file *file)
{
	struct letter letter = *ship->fleet->work->send;
	enum status st;

	letter.local = file->local;
	letter.remote = file->remote;
	letter.goes_on = file->goes_on;
	letter.number = number;
	letter.segments = ship->segments;
	letter.watch = &ship->watch;
	st = outbox_add(ship->client->outbox, &letter);
	if (st == STATUS_OK || st == STATUS_CANCELLED ||
	    st == STATUS_NO_MEMORY ||
	    remote_lost(ship->client->remote) != STATUS_OK)
		return st;
	note(ship, number, &(struct fleet_result){ .st = st,
	    .is_local = true });
	return STATUS_OK;
}

static enum status
carry(struct ship *ship, size_t number)
{
	const struct fleet_work *work = ship->fleet->work;
	bool is_fetch = work->fetch != NULL;
	struct fleet_file file = { .goes_on = is_fetch ?
	    work->fetch->goes_on : work->send->goes_on };
	enum status st = work->describe(work->owner, number, &file);

	if (st == STATUS_OK && file.remote == NULL)
		note(ship, number, &(struct fleet_result){ .is_none = true });
	else if (st == STATUS_OK)
		st = is_fetch ? fetch(ship, number, &file) :
		    send(ship, number, &file);
	else if (st != STATUS_NO_MEMORY) {
		note(ship, number, &(struct fleet_result){ .st = st });
		st = STATUS_OK;
	}
	free(file.local);
	free(file.remote);
	return st;
}

/* STATUS_OK if one more can be taken. */
static enum status
get_ready(struct ship *ship)
{
	if (remote_is_interrupted(ship->client->remote))
		return status_set(STATUS_CANCELLED, "interrupted");
	if (ship->member == NULL)
		tell(ship->fleet, false);
	return ship->inbox != NULL ? inbox_make_room(ship->inbox) :
	    STATUS_OK;
}

static bool
is_over(const struct ship *ship)
{
	return ship->member == NULL && ship->fleet->crew != NULL &&
	    crew_has_failed(ship->fleet->crew);
}

/* Wait for what is on its way, also behind a failure. */
static enum status
settle(struct ship *ship, enum status st)
{
	struct status_words words = { 0 };

	if (ship->inbox != NULL) {
		st = inbox_end(ship->inbox, st);
		ship->inbox = NULL;
		return st;
	}
	status_words_keep(&words, st);
	status_words_first(&words, &st, outbox_settle(ship->client->outbox));
	st = status_words_return(&words, st);
	if (st == STATUS_OK && remote_is_interrupted(ship->client->remote))
		st = status_set(STATUS_CANCELLED, "interrupted");
	return st;
}

static enum status
make_ready(struct ship *ship)
{
	ship->watch = (struct letter_watch){ sent, failed };
	return ship->fleet->work->fetch == NULL ? STATUS_OK :
	    inbox_new(&ship->inbox, ship->client, fetched, ship);
}

/* One after the other, each over connections of its own beside ours. */
static enum status
carry_split(struct ship *ship)
{
	const struct fleet_split *split = &ship->fleet->split;
	enum status st;
	size_t i;

	if (split->len == 0)
		return STATUS_OK;
	if ((st = make_ready(ship)) != STATUS_OK)
		return st;
	ship->segments = ship->fleet->jobs;
	for (i = 0; i < split->len && st == STATUS_OK; i++) {
		if ((st = get_ready(ship)) == STATUS_OK)
			st = carry(ship, split->numbers[i]);
		if (st == STATUS_OK && ship->inbox != NULL)
			st = inbox_settle(ship->inbox);
	}
	ship->segments = 0;
	/* What was sent may be written out there while the others go. */
	return st != STATUS_OK || ship->inbox != NULL ? settle(ship, st) :
	    STATUS_OK;
}

static enum status
sail(struct ship *ship)
{
	enum status st;
	size_t number;

	if ((st = make_ready(ship)) != STATUS_OK)
		return st;
	while (!is_over(ship) && (st = get_ready(ship)) == STATUS_OK &&
	    take(ship->fleet, &number) &&
	    (st = carry(ship, number)) == STATUS_OK)
		;
	return settle(ship, st);
}

/*
 * --- Those of the crew ------------------------------------------------------
 */

static enum status
begin_ship(struct ship **out, struct fleet *fleet, struct member *member)
{
	struct ship *ship = calloc(1, sizeof(*ship));
	enum status st;

	if (ship == NULL)
		return status_no_memory();
	ship->fleet = fleet;
	ship->member = member;
	ship->client = &ship->own;
	ship->own = fleet->like;
	ship->own.remote = member->remote;
	ship->own.revive = *member->revive;
	ship->own.sign_in = member->revive->sign_in;
	ship->own.interrupt = member->revive->interrupt;
	st = outbox_new(&ship->own.outbox, member->remote, &ship->own.revive);
	if (st == STATUS_OK)
		*out = ship;
	else
		free(ship);
	return st;
}

static void
end_ship(void *state)
{
	struct ship *ship = state;

	outbox_free(ship->own.outbox);
	status_words_free(&ship->words);
	free(ship);
}

/*
 * A lost connection was made again in here as often as it may be.  So a second
 * call gets the failure of the first: what was on its way is gone.
 */
static enum status
sail_along(void *owner, struct member *member)
{
	struct ship *ship = member->state;
	enum status st;

	if (ship == NULL) {
		if ((st = begin_ship(&ship, owner, member)) != STATUS_OK)
			return st;
		member->state = ship;
	}
	if (ship->has_ended) {
		status_words_use(&ship->words, ship->outcome);
		return ship->outcome;
	}
	st = sail(ship);
	ship->has_ended = true;
	ship->outcome = st;
	if (st != STATUS_OK)
		status_words_keep(&ship->words, st);
	member->revive->tried = ship->own.revive.tried;
	return st;
}

/*
 * --- All of them ------------------------------------------------------------
 */

static enum status
await_crew(struct fleet *fleet)
{
	struct client *client = fleet->client;
	enum status st = STATUS_OK;
	bool works = true;

	while (st == STATUS_OK && !crew_has_failed(fleet->crew)) {
		(void)crew_look(fleet->crew, &works);
		tell(fleet, false);
		if (!works)
			break;
		st = remote_idle(client->remote, client->interrupt,
		    crew_fd(fleet->crew));
	}
	return st;
}

/* Who are no more than what is left for them. */
static unsigned int
members(const struct fleet *fleet)
{
	size_t left = fleet->work->count - fleet->split.len;

	return left == 0 ? 0 :
	    (unsigned int)(left < fleet->jobs ? left : fleet->jobs) - 1;
}

static enum status
run_crew(struct fleet *fleet, struct ship *first)
{
	const struct crew_work work = { .run = sail_along, .end = end_ship,
	    .owner = fleet, .may_be_fewer = true };
	struct status_words words = { 0 };
	enum status st;

	fleet->like = *fleet->client;
	st = crew_begin(&fleet->crew, &fleet->client->revive, members(fleet),
	    &work);
	/* Those that were split may still wait for their answers. */
	st = st == STATUS_OK ? sail(first) : settle(first, st);
	if (st == STATUS_OK)
		st = await_crew(fleet);
	status_words_keep(&words, st);
	status_words_first(&words, &st, crew_end(fleet->crew));
	return status_words_return(&words, st);
}

static enum status
run_by_all(struct fleet *fleet)
{
	struct ship first = { .fleet = fleet, .client = fleet->client };
	struct status_words words = { 0 };
	enum status st;

	st = fleet_split(&fleet->split, fleet->work, fleet->jobs);
	if (st != STATUS_OK)
		return st;
	fleet->kept = calloc(fleet->work->count, sizeof(struct kept *));
	if (fleet->kept == NULL)
		st = status_no_memory();
	if (st == STATUS_OK && (st = carry_split(&first)) == STATUS_OK)
		st = run_crew(fleet, &first);
	if (st == STATUS_OK && fleet->lacks_memory)
		st = status_no_memory();
	status_words_keep(&words, st);
	tell(fleet, true);
	free(fleet->kept);
	fleet_split_clear(&fleet->split);
	return status_words_return(&words, st);
}

/* Locks belong to one session, and others would stand before them. */
static unsigned int
jobs(const struct client *client, const struct fleet_work *work)
{
	return work->count == 0 || work->jobs < 2 ||
	    remote_is_kept_alive(client->remote) ? 1 : work->jobs;
}

enum status
fleet_run(struct client *client, const struct fleet_work *work)
{
	struct fleet fleet = { .work = work, .client = client,
	    .jobs = jobs(client, work) };
	struct ship only = { .fleet = &fleet, .client = client };
	enum status st;

	pthread_mutex_init(&fleet.mutex, NULL);
	st = fleet.jobs == 1 ? sail(&only) : run_by_all(&fleet);
	pthread_mutex_destroy(&fleet.mutex);
	return st;
}
