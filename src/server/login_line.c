/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "login_line.h"

#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "clock.h"
#include "password.h"
#include "renewals.h"

#define NICE 10			/* transfers go before logins */
#define WAIT_MAX 30		/* seconds */

/* The jobs of one origin.  It exists while there are any. */
struct origin {
	struct origin	*next;		/* in the round */
	uint8_t		 key[16];
	struct login_job *first, **last;
	unsigned int	 count;
};

struct login_line {
	struct login_line_plan plan;
	pthread_mutex_t	 mutex;
	pthread_cond_t	 filled;
	struct origin	*first, **last;	/* owned; whose turn it is, in order */
	unsigned int	 total;		/* jobs that wait */
	uint64_t	 job_ms;	/* smoothed time of one check */
	bool		 closed;
	pthread_t	*threads;	/* owned */
	unsigned int	 started;
};

void
login_origin(uint8_t origin[16], const struct sockaddr *address)
{
	const struct sockaddr_in6 *in6 = (const void *)address;
	const struct sockaddr_in *in = (const void *)address;

	memset(origin, 0, 16);
	if (address->sa_family == AF_INET6 &&
	    !IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr))
		memcpy(origin, &in6->sin6_addr, 8);
	else if (address->sa_family == AF_INET6)
		memcpy(origin + 8, in6->sin6_addr.s6_addr + 12, 4);
	else if (address->sa_family == AF_INET)
		memcpy(origin + 8, &in->sin_addr, 4);
}

static struct origin *
find_origin(struct login_line *line, const uint8_t key[16])
{
	struct origin *origin;

	for (origin = line->first; origin != NULL; origin = origin->next)
		if (memcmp(origin->key, key, sizeof(origin->key)) == 0)
			return origin;
	return NULL;
}

static struct origin *
add_origin(struct login_line *line, const uint8_t key[16])
{
	struct origin *origin;

	if ((origin = calloc(1, sizeof(*origin))) == NULL)
		return NULL;
	memcpy(origin->key, key, sizeof(origin->key));
	origin->last = &origin->first;
	*line->last = origin;
	line->last = &origin->next;
	return origin;
}

/* The mutex is held. */
static enum status
enqueue(struct login_line *line, struct login_job *job)
{
	struct origin *origin;

	origin = find_origin(line, job->origin);
	if (line->closed || line->total >= line->plan.queue_total ||
	    (origin != NULL && origin->count >= line->plan.queue))
		return STATUS_BUSY;
	if (origin == NULL &&
	    (origin = add_origin(line, job->origin)) == NULL)
		return STATUS_NO_MEMORY;
	job->next = NULL;
	*origin->last = job;
	origin->last = &job->next;
	origin->count++;
	line->total++;
	return STATUS_OK;
}

/* The next job of the origin whose turn it is; the mutex is held. */
static struct login_job *
dequeue(struct login_line *line)
{
	struct origin *origin = line->first;
	struct login_job *job = origin->first;

	if ((line->first = origin->next) == NULL)
		line->last = &line->first;
	origin->next = NULL;
	if ((origin->first = job->next) == NULL)
		origin->last = &origin->first;
	line->total--;
	if (--origin->count == 0)
		free(origin);
	else {
		*line->last = origin;
		line->last = &origin->next;
	}
	return job;
}

static bool
is_gone(int fd)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLRDHUP };

	return poll(&pollfd, 1, 0) == 1 &&
	    (pollfd.revents & (POLLHUP | POLLERR)) != 0;
}

static bool
note_line(struct login_job *job, const struct user *user)
{
	memcpy(job->line_digest, user->digest, sizeof(job->line_digest));
	return renewals_digest(job->hash_digest, user->hash);
}

/* What came of a password that was checked. */
static void
count(struct lockouts *lockouts, const struct login_job *job,
    const struct lockout_pair *pair)
{
	if (job->result == STATUS_OK)
		lockouts_forget(lockouts, pair);
	/* What no password can be costs nobody a hash: it must not count. */
	else if (job->password_len > PASSWORD_MAX)
		return;
	else if (job->result == STATUS_LOGIN_REFUSED &&
	    lockouts_failed(lockouts, pair, clock_ms()))
		audit(job->who, &(struct audit_event){ .verb = "lockout",
		    .outcome = job->result });
}

static void
check(struct login_line *line, struct login_job *job)
{
	const struct lockout_pair pair = { job->origin, job->user,
		job->user_len };
	const struct user *user;
	struct users *users;

	if (is_gone(job->fd)) {
		job->result = STATUS_CANCELLED;
		return;
	}
	job->locked_out = lockouts_left(line->plan.lockouts, &pair,
	    clock_ms());
	if (job->locked_out > 0) {
		job->result = STATUS_BUSY;
		return;
	}
	users = user_source_get(line->plan.users);
	user = users_find(users, job->user, job->user_len);
	job->result = users_login(users, user, job->password,
	    job->password_len);
	count(line->plan.lockouts, job, &pair);
	if (job->result == STATUS_OK && !note_line(job, user))
		job->result = STATUS_NO_MEMORY;
	if (job->result == STATUS_OK)
		line->plan.good(line->plan.ctx, user, job);
	users_unref(users);
}

static void *
login_thread(void *ctx)
{
	struct login_line *line = ctx;
	struct login_job *job;
	uint64_t began;

	/* On Linux it is the thread's own; without it all still works. */
	(void)setpriority(PRIO_PROCESS, (id_t)gettid(), NICE);
	pthread_mutex_lock(&line->mutex);
	for (;;) {
		while (line->first == NULL && !line->closed)
			pthread_cond_wait(&line->filled, &line->mutex);
		if (line->first == NULL)
			break;
		job = dequeue(line);
		began = clock_ms();
		if (line->closed)
			job->result = STATUS_STOPPING;
		pthread_mutex_unlock(&line->mutex);
		if (job->result == STATUS_OK)
			check(line, job);
		job->done(job);
		pthread_mutex_lock(&line->mutex);
		line->job_ms = (3 * line->job_ms + clock_ms() - began) / 4;
	}
	pthread_mutex_unlock(&line->mutex);
	return NULL;
}

enum status
login_line_new(struct login_line **out, const struct login_line_plan *plan)
{
	struct login_line *line;

	*out = NULL;
	if ((line = calloc(1, sizeof(*line))) == NULL)
		return STATUS_NO_MEMORY;
	line->plan = *plan;
	line->last = &line->first;
	line->job_ms = 200;
	pthread_mutex_init(&line->mutex, NULL);
	pthread_cond_init(&line->filled, NULL);
	line->threads = calloc(plan->threads, sizeof(*line->threads));
	if (line->threads == NULL) {
		login_line_free(line);
		return STATUS_NO_MEMORY;
	}
	for (unsigned int i = 0; i < plan->threads; i++) {
		if (pthread_create(&line->threads[i], NULL, login_thread,
		    line) != 0) {
			login_line_free(line);
			return status_set(STATUS_NO_MEMORY,
			    "cannot start a login thread");
		}
		line->started++;
	}
	*out = line;
	return STATUS_OK;
}

void
login_line_free(struct login_line *line)
{
	if (line == NULL)
		return;
	pthread_mutex_lock(&line->mutex);
	line->closed = true;
	pthread_mutex_unlock(&line->mutex);
	pthread_cond_broadcast(&line->filled);
	for (unsigned int i = 0; i < line->started; i++)
		pthread_join(line->threads[i], NULL);
	pthread_cond_destroy(&line->filled);
	pthread_mutex_destroy(&line->mutex);
	free(line->threads);
	free(line);
}

void
login_line_set_queue(struct login_line *line, unsigned int queue)
{
	pthread_mutex_lock(&line->mutex);
	line->plan.queue = queue;
	pthread_mutex_unlock(&line->mutex);
}

enum status
login_line_submit(struct login_line *line, struct login_job *job)
{
	enum status st;

	job->result = STATUS_OK;
	pthread_mutex_lock(&line->mutex);
	st = enqueue(line, job);
	pthread_mutex_unlock(&line->mutex);
	if (st == STATUS_OK)
		pthread_cond_signal(&line->filled);
	return st;
}

unsigned int
login_line_wait(struct login_line *line)
{
	uint64_t seconds;

	pthread_mutex_lock(&line->mutex);
	seconds = line->total * line->job_ms / line->plan.threads / 1000 + 1;
	pthread_mutex_unlock(&line->mutex);
	return seconds < WAIT_MAX ? (unsigned int)seconds : WAIT_MAX;
}
