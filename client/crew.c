/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "crew.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "interrupt.h"
#include "sign_in.h"

struct hand {
	struct member	 member;
	struct sign_in	*sign_in;	/* owned */
	struct interrupt *interrupt;	/* owned; raised by crew_end */
	struct revive	 revive;
	struct patience	 patience;
	bool		 was_lost;	/* since something went well */
	pthread_t	 thread;
};

struct crew {
	struct crew_work work;
	int		 fd;		/* owned; an eventfd */
	unsigned int	 count;		/* threads that run */
	struct hand	 hands[CREW_MOST];

	pthread_mutex_t	 mutex;		/* guards what follows */
	unsigned int	 working;
	int64_t		 done;		/* bytes */
	bool		 ends;
	enum status	 outcome;	/* the first failure */
	struct status_words words;	/* owned; its words */
};

static void
tell(struct crew *crew)
{
	(void)eventfd_write(crew->fd, 1);
}

static bool
has_patience(struct hand *hand)
{
	hand->patience.wait = hand->member.wait;
	hand->member.wait = 0;
	return patience_wait(&hand->patience, hand->interrupt,
	    hand->revive.settings->verbose,
	    hand->revive.settings->board) == STATUS_OK;
}

/* Connect, log in, and go to the folder. */
static enum status
arrive(struct hand *hand)
{
	enum status st;

	do
		st = sign_in_connect(hand->sign_in, hand->interrupt);
	while (revive_is_loss(st) &&
	    revive_pause(&hand->revive, st) == STATUS_OK);
	if (st != STATUS_OK)
		return st;
	hand->member.remote = sign_in_remote(hand->sign_in);
	st = revive_go_back(&hand->revive, hand->member.remote);
	return revive_is_loss(st) ?
	    revive(&hand->revive, hand->member.remote) : st;
}

/* STATUS_OK if it may go better now. */
static enum status
mend(struct hand *hand, enum status st)
{
	struct status_words words = { 0 };

	if (remote_lost(hand->member.remote) != STATUS_OK) {
		hand->was_lost = true;
		return revive(&hand->revive, hand->member.remote);
	}
	status_words_keep(&words, st);
	/* The lost connection may still hold what this one needs. */
	if ((st == STATUS_BUSY || (st == STATUS_LOCKED && hand->was_lost)) &&
	    has_patience(hand)) {
		status_words_free(&words);
		return STATUS_OK;
	}
	return status_words_return(&words, st);
}

static void
leave(struct hand *hand, enum status st, bool worked)
{
	struct crew *crew = hand->member.crew;

	pthread_mutex_lock(&crew->mutex);
	if (worked)
		crew->working--;
	if (!crew->ends)
		status_words_first(&crew->words, &crew->outcome, st);
	pthread_mutex_unlock(&crew->mutex);
	tell(crew);
}

static void *
run(void *arg)
{
	struct hand *hand = arg;
	struct member *member = &hand->member;
	struct crew *crew = member->crew;
	enum status st = arrive(hand);
	bool again = true;

	if (st != STATUS_OK) {
		if (st == STATUS_BUSY && crew->work.may_be_fewer)
			st = STATUS_OK;
		leave(hand, st, false);
		return NULL;
	}
	pthread_mutex_lock(&crew->mutex);
	crew->working++;
	pthread_mutex_unlock(&crew->mutex);
	while (again) {
		st = crew->work.run(crew->work.owner, member);
		again = st != STATUS_OK &&
		    (st = mend(hand, st)) == STATUS_OK;
	}
	if (member->state != NULL)
		crew->work.end(member->state);
	leave(hand, st, true);
	return NULL;
}

static enum status
start(struct crew *crew, const struct revive *first)
{
	struct hand *hand = &crew->hands[crew->count];
	enum status st;

	hand->member.crew = crew;
	hand->member.revive = &hand->revive;
	if ((st = interrupt_relay(&hand->interrupt)) != STATUS_OK ||
	    (st = sign_in_more(&hand->sign_in, first->sign_in)) != STATUS_OK) {
		interrupt_end(hand->interrupt);
		return st;
	}
	hand->revive = *first;
	hand->revive.sign_in = hand->sign_in;
	hand->revive.interrupt = hand->interrupt;
	hand->revive.tried = 0;
	/* They share a fate: one of them tells of it. */
	hand->revive.is_silent = first->is_silent || crew->count > 0;
	if (pthread_create(&hand->thread, NULL, run, hand) != 0) {
		sign_in_end(hand->sign_in);
		interrupt_end(hand->interrupt);
		return status_set(STATUS_NO_MEMORY, "cannot start a thread");
	}
	crew->count++;
	return STATUS_OK;
}

enum status
crew_begin(struct crew **out, const struct revive *first,
    unsigned int members, const struct crew_work *work)
{
	enum status st = STATUS_OK;
	struct crew *crew;

	assert(members <= CREW_MOST);
	*out = NULL;
	if ((crew = calloc(1, sizeof(*crew))) == NULL)
		return status_no_memory();
	crew->work = *work;
	pthread_mutex_init(&crew->mutex, NULL);
	crew->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (crew->fd == -1)
		st = status_errno("more connections");
	while (crew->count < members && st == STATUS_OK)
		st = start(crew, first);
	if (st == STATUS_OK)
		*out = crew;
	else
		(void)crew_end(crew);
	return st;
}

void
crew_add(struct crew *crew, int64_t bytes)
{
	pthread_mutex_lock(&crew->mutex);
	crew->done += bytes;
	pthread_mutex_unlock(&crew->mutex);
	tell(crew);
}

void
crew_went_well(struct member *member)
{
	struct hand *hand = (struct hand *)member;

	revive_rest(&hand->revive);
	hand->patience = (struct patience){ 0 };
	hand->was_lost = false;
}

int
crew_fd(const struct crew *crew)
{
	return crew->fd;
}

uint64_t
crew_look(struct crew *crew, bool *works)
{
	eventfd_t count;
	int64_t done;

	(void)eventfd_read(crew->fd, &count);
	pthread_mutex_lock(&crew->mutex);
	*works = crew->working > 0;
	done = crew->done;
	pthread_mutex_unlock(&crew->mutex);
	return (uint64_t)done;
}

bool
crew_has_failed(struct crew *crew)
{
	bool failed;

	pthread_mutex_lock(&crew->mutex);
	failed = crew->outcome != STATUS_OK;
	pthread_mutex_unlock(&crew->mutex);
	return failed;
}

/* No failure counts from here on. */
static void
send_home(struct crew *crew)
{
	unsigned int i;

	pthread_mutex_lock(&crew->mutex);
	crew->ends = true;
	pthread_mutex_unlock(&crew->mutex);
	for (i = 0; i < crew->count; i++)
		interrupt_raise(crew->hands[i].interrupt);
}

enum status
crew_end(struct crew *crew)
{
	enum status st;
	unsigned int i;

	if (crew == NULL)
		return STATUS_OK;
	send_home(crew);
	for (i = 0; i < crew->count; i++) {
		pthread_join(crew->hands[i].thread, NULL);
		sign_in_end(crew->hands[i].sign_in);
		interrupt_end(crew->hands[i].interrupt);
	}
	if ((st = crew->outcome) != STATUS_OK)
		(void)status_words_return(&crew->words, st);
	if (crew->fd != -1)
		close(crew->fd);
	pthread_mutex_destroy(&crew->mutex);
	free(crew);
	return st;
}
