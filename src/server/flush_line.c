/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "flush_line.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>

#include "batch.h"
#include "flush_group.h"
#include "kit.h"
#include "lock_line.h"

/* Fewer uploads than this that wait together are left to several threads. */
#define WORTH_SHARING 8

struct flush_line;

/* A thread of the line. */
struct flusher {
	struct flush_line *line;	/* borrowed */
	struct kit	*kit;		/* owned */
	pthread_t	 thread;
};

struct flush_line {
	struct flush_line_plan plan;
	pthread_mutex_t	 mutex;
	pthread_cond_t	 filled;
	struct batch	*first, **last;	/* owned; in the order they came */
	struct flush_job *jobs, **last_job;	/* likewise; some are busy */
	size_t		 waiting_jobs;	/* that are not */
	bool		 job_is_next;	/* after a batch, where both wait */
	bool		 closed;
	struct flusher	*flushers;	/* owned */
	unsigned int	 started;
	struct flush_choice *choices;	/* owned; one per base */
	atomic_long	 stages;
};

/* Unlink the batch that `at` points to. */
static struct batch *
take(struct flush_line *line, struct batch **at)
{
	struct batch *batch = *at;

	*at = batch->next;
	if (*at == NULL)
		line->last = at;
	batch->next = NULL;
	return batch;
}

/*
 * The oldest batch, and with it all others that can share its flush if they
 * are many.  The mutex is held.
 */
static struct batch *
take_group(struct flush_line *line)
{
	struct batch *group, *batch, **end, **at;
	size_t uploads = 0;

	group = take(line, &line->first);
	if (group->is_long || group->base == NULL)
		return group;
	for (batch = line->first; batch != NULL; batch = batch->next)
		if (!batch->is_long && batch->base == group->base)
			uploads += batch->count;
	if (uploads + group->count < WORTH_SHARING)
		return group;
	end = &group->next;
	for (at = &line->first; *at != NULL; ) {
		if ((*at)->is_long || (*at)->base != group->base) {
			at = &(*at)->next;
			continue;
		}
		*end = take(line, at);
		end = &(*end)->next;
	}
	return group;
}

static struct flush_choice *
choice_of(struct flush_line *line, const struct base *base)
{
	for (size_t i = 0; i < line->plan.base_count; i++)
		if (line->plan.bases[i] == base)
			return &line->choices[i];
	return NULL;
}

/* Close what is done with, then hand the results back. */
static void
send_back(struct flush_line *line, struct batch *batch)
{
	long stages = (long)batch_uploads(batch);

	for (size_t i = 0; i < batch->count; i++) {
		upload_free(batch->member[i].upload);
		batch->member[i].upload = NULL;
	}
	flush_line_count_stages(line, -stages);
	mailbox_post(batch->mailbox, &batch->letter);
}

static struct batch *
of_wait(struct lock_wait *wait)
{
	return (struct batch *)((char *)wait - offsetof(struct batch, wait));
}

static enum status
attempt(struct lock_wait *wait, struct kit *kit)
{
	struct batch *batch = of_wait(wait);

	flush_group_run(batch, kit, NULL);
	return batch->waits ? STATUS_LOCKED : STATUS_OK;
}

static bool
is_cancelled(struct lock_wait *wait)
{
	return batch_is_cancelled(of_wait(wait));
}

/* All is done, or the member may wait no more: then the rest has its turn. */
static void
waited(struct lock_wait *wait, enum status st)
{
	struct batch *batch = of_wait(wait);

	if (st == STATUS_OK) {
		send_back(batch->line, batch);
		return;
	}
	if (st == STATUS_CANCELLED)
		batch_member_set(&batch->member[batch->settled], st);
	else
		batch->member[batch->settled].wait = 0;
	flush_line_submit(batch->line, batch);
}

static void
have_wait(struct flush_line *line, struct batch *batch)
{
	static const struct lock_wait_ops ops = { attempt, waited,
	    is_cancelled };

	batch->line = line;
	batch->wait.ops = &ops;
	batch->wait.owner = batch->mailbox;
	if (line->plan.lock_line == NULL ||
	    lock_line_submit(line->plan.lock_line, &batch->wait) != STATUS_OK)
		waited(&batch->wait, STATUS_LOCKED);
}

/* With the mutex held, which is given up meanwhile. */
static void
run_group(struct flusher *flusher)
{
	struct flush_line *line = flusher->line;
	struct batch *group = take_group(line), *next;

	pthread_mutex_unlock(&line->mutex);
	flush_group_run(group, flusher->kit, choice_of(line, group->base));
	for (; group != NULL; group = next) {
		next = group->next;
		group->next = NULL;
		if (group->waits)
			have_wait(line, group);
		else
			send_back(line, group);
	}
	pthread_mutex_lock(&line->mutex);
}

/* Likewise. */
static void
run_job(struct flusher *flusher)
{
	struct flush_line *line = flusher->line;
	struct flush_job *job = line->jobs, **at;

	while (job->busy)
		job = job->next;
	job->busy = true;
	line->waiting_jobs--;
	pthread_mutex_unlock(&line->mutex);
	status_forget();
	job->run(job, flusher->kit);
	pthread_mutex_lock(&line->mutex);
	for (at = &line->jobs; *at != job; at = &(*at)->next)
		;
	if ((*at = job->next) == NULL)
		line->last_job = at;
	job->done(job, job->cancelled);
}

static void *
flush_thread(void *ctx)
{
	struct flusher *flusher = ctx;
	struct flush_line *line = flusher->line;

	pthread_mutex_lock(&line->mutex);
	for (;;) {
		while (line->first == NULL && line->waiting_jobs == 0 &&
		    !line->closed)
			pthread_cond_wait(&line->filled, &line->mutex);
		if (line->first == NULL && line->waiting_jobs == 0)
			break;
		line->job_is_next = line->waiting_jobs > 0 &&
		    (line->first == NULL || !line->job_is_next);
		if (line->job_is_next)
			run_job(flusher);
		else
			run_group(flusher);
	}
	pthread_mutex_unlock(&line->mutex);
	return NULL;
}

static enum status
start(struct flush_line *line, struct flusher *flusher)
{
	enum status st;

	flusher->line = line;
	st = kit_new(&flusher->kit, line->plan.bases, line->plan.base_count);
	if (st != STATUS_OK)
		return st;
	if (pthread_create(&flusher->thread, NULL, flush_thread,
	    flusher) == 0)
		return STATUS_OK;
	kit_free(flusher->kit);
	return status_set(STATUS_NO_MEMORY, "cannot start a flush thread");
}

enum status
flush_line_new(struct flush_line **out, const struct flush_line_plan *plan)
{
	struct flush_line *line;
	enum status st;

	*out = NULL;
	if ((line = calloc(1, sizeof(*line))) == NULL)
		return STATUS_NO_MEMORY;
	line->plan = *plan;
	line->last = &line->first;
	line->last_job = &line->jobs;
	pthread_mutex_init(&line->mutex, NULL);
	pthread_cond_init(&line->filled, NULL);
	line->flushers = calloc(plan->threads, sizeof(*line->flushers));
	line->choices = calloc(plan->base_count, sizeof(*line->choices));
	if (line->flushers == NULL || line->choices == NULL) {
		flush_line_free(line);
		return STATUS_NO_MEMORY;
	}
	while (line->started < plan->threads) {
		st = start(line, &line->flushers[line->started]);
		if (st != STATUS_OK) {
			flush_line_free(line);
			return st;
		}
		line->started++;
	}
	*out = line;
	return STATUS_OK;
}

void
flush_line_free(struct flush_line *line)
{
	if (line == NULL)
		return;
	pthread_mutex_lock(&line->mutex);
	line->closed = true;
	pthread_mutex_unlock(&line->mutex);
	pthread_cond_broadcast(&line->filled);
	for (unsigned int i = 0; i < line->started; i++) {
		pthread_join(line->flushers[i].thread, NULL);
		kit_free(line->flushers[i].kit);
	}
	pthread_cond_destroy(&line->filled);
	pthread_mutex_destroy(&line->mutex);
	free(line->flushers);
	free(line->choices);
	free(line);
}

void
flush_line_submit(struct flush_line *line, struct batch *batch)
{
	batch->next = NULL;
	pthread_mutex_lock(&line->mutex);
	*line->last = batch;
	line->last = &batch->next;
	pthread_mutex_unlock(&line->mutex);
	pthread_cond_signal(&line->filled);
}

void
flush_line_submit_job(struct flush_line *line, struct flush_job *job)
{
	job->next = NULL;
	job->busy = job->cancelled = false;
	pthread_mutex_lock(&line->mutex);
	*line->last_job = job;
	line->last_job = &job->next;
	line->waiting_jobs++;
	pthread_mutex_unlock(&line->mutex);
	pthread_cond_signal(&line->filled);
}

void
flush_line_cancel(struct flush_line *line, const void *owner, uint32_t id)
{
	struct flush_job *job;

	if (line == NULL)
		return;
	pthread_mutex_lock(&line->mutex);
	for (job = line->jobs; job != NULL; job = job->next)
		if (job->owner == owner && (id == 0 || job->id == id))
			job->cancelled = true;
	pthread_mutex_unlock(&line->mutex);
}

void
flush_line_count_stages(struct flush_line *line, long change)
{
	atomic_fetch_add(&line->stages, change);
}

bool
flush_line_is_short(const struct flush_line *line)
{
	return atomic_load(&line->stages) >= (long)line->plan.max_stages;
}
