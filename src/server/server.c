/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "server.h"

#include <malloc.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sysexits.h>
#include <unistd.h>

#include "channel.h"
#include "collector.h"
#include "listener.h"
#include "log.h"
#include "quota_watch.h"
#include "sandbox.h"
#include "services.h"
#include "worker.h"

#define FLUSH_THREADS	4
#define LOCK_THREADS	2
#define STAGES_LEAST	512	/* open uploads, however few descriptors */
/* Buffers of a turn come from the heap; what argon2 takes goes back at once. */
#define MAPPED_FROM	(8 << 20)
#define RENEWAL_TRIES	20	/* looks for a line that is being rewritten */
#define RENEWAL_MS	5	/* between them */

struct server {
	struct services	 services;
	struct listener	*listener;
	struct workers	*workers;
	struct ticker	*collector;	/* owned, as the next two */
	struct ticker	*claims;
	struct quota_watch *quota_watch;
	int		 channel;	/* owned */
};

static void
report_users(void *ctx, enum status st, const char *text)
{
	(void)ctx;
	log_line(st == STATUS_OK ? LOG_LEVEL_NOTICE : LOG_LEVEL_ERROR, 0,
	    "%s", text);
}

/*
 * Wait, though not for long, until the monitor has written the line: tickets
 * are made over it.
 */
static void
await_renewal(struct services *services, const struct user *old)
{
	const struct user *now;
	struct users *users;
	bool changed = false;
	int tries;

	for (tries = 0; tries < RENEWAL_TRIES && !changed; tries++) {
		if (tries > 0)
			(void)poll(NULL, 0, RENEWAL_MS);
		users = user_source_get(services->users);
		now = users_find(users, old->name, strlen(old->name));
		changed = now == NULL || strcmp(now->hash, old->hash) != 0;
		users_unref(users);
	}
}

static void
password_was_good(void *ctx, const struct user *user,
    const struct login_job *job)
{
	struct services *services = ctx;
	struct settings *settings = services_settings(services);

	if (settings->config->renew_hashes &&
	    renewals_offer(services->renewals, user, job->password,
	    job->password_len, &settings->config->hash_cost))
		await_renewal(services, user);
	settings_unref(settings);
}

static enum status
reload(struct server *server, struct handover *handover)
{
	struct settings *settings;
	enum status st;

	if ((st = settings_new(&settings, handover)) != STATUS_OK)
		return st;
	login_line_set_queue(server->services.login_line,
	    settings->config->login_queue);
	lockouts_set(server->services.lockouts,
	    settings->config->lockout_tries, settings->config->lockout_time);
	log_set_level((enum log_level)settings->config->log_level);
	services_replace_settings(&server->services, settings);
	return STATUS_OK;
}

static bool
send_text(struct server *server, enum channel_type type, const char *text)
{
	struct channel_message message = { .type = type };

	message.text[0] = (char *)(uintptr_t)text;
	return channel_send(server->channel, &message) == STATUS_OK;
}

static bool
drain(struct server *server)
{
	struct settings *settings = services_settings(&server->services);

	listener_drain(server->listener, settings->config->drain_timeout);
	settings_unref(settings);
	return true;
}

/* What the monitor says; false ends the server at once. */
static bool
heed_monitor(void *ctx)
{
	struct server *server = ctx;
	struct channel_message message;
	enum status st;
	bool goes_on = true;

	if (channel_receive(server->channel, CHANNEL_TO_SERVER, &message) !=
	    STATUS_OK) {
		log_line(LOG_LEVEL_ERROR, 0,
		    "the monitor is gone, so the server ends");
		return false;
	}
	if (message.type == CHANNEL_DRAIN)
		goes_on = drain(server);
	else {
		st = reload(server, message.handover);
		goes_on = send_text(server, CHANNEL_RELOADED,
		    st == STATUS_OK ? "" : status_text(st));
	}
	channel_message_clear(&message);
	return goes_on;
}

static enum status
open_bases(struct services *services, const struct config *config)
{
	const struct config_base *base;
	enum status st;

	services->bases = calloc(config->base_count,
	    sizeof(*services->bases));
	if (services->bases == NULL)
		return STATUS_NO_MEMORY;
	for (size_t i = 0; i < config->base_count; i++) {
		base = &config->bases[i];
		st = base_open(&services->bases[i], base->name, base->path,
		    base->durability);
		if (st != STATUS_OK)
			return st;
		services->base_count++;
	}
	return STATUS_OK;
}

/* Descriptors that are left for stages when all sessions are there. */
static size_t
stages_for(const struct config *config)
{
	struct rlimit limit;
	size_t left;

	if (getrlimit(RLIMIT_NOFILE, &limit) == -1 ||
	    limit.rlim_cur <= config->max_sessions)
		return STAGES_LEAST;
	left = (size_t)(limit.rlim_cur - config->max_sessions) / 2;
	return left > STAGES_LEAST ? left : STAGES_LEAST;
}

static unsigned int
cores(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n > 0 ? (unsigned int)n : 1;
}

static unsigned int
count_or(unsigned int configured, unsigned int otherwise, unsigned int least)
{
	if (configured > 0)
		return configured;
	return otherwise > least ? otherwise : least;
}

static enum status
start_lines(struct services *services, const struct config *config)
{
	struct flush_line_plan flush = { .bases = services->bases,
	    .base_count = services->base_count, .threads = FLUSH_THREADS,
	    .max_stages = stages_for(config) };
	struct login_line_plan login = {
		.threads = count_or(config->login_threads, cores() / 2, 1),
		.queue = config->login_queue,
		.queue_total = config->max_sessions,
		.users = services->users,
		.good = password_was_good,
		.ctx = services
	};
	enum status st;

	services->ready = ready_queue_new(config->max_sessions +
	    LISTENER_SURPLUS);
	if (services->ready == NULL)
		return STATUS_NO_MEMORY;
	if ((services->lock_table = lock_table_new()) == NULL)
		return STATUS_NO_MEMORY;
	st = lock_line_new(&services->lock_line, services->bases,
	    services->base_count, LOCK_THREADS);
	if (st != STATUS_OK)
		return st;
	flush.lock_line = services->lock_line;
	if ((st = flush_line_new(&services->flush_line, &flush)) != STATUS_OK)
		return st;
	services->lockouts = lockouts_new(config->lockout_tries,
	    config->lockout_time);
	if ((login.lockouts = services->lockouts) == NULL)
		return STATUS_NO_MEMORY;
	return login_line_new(&services->login_line, &login);
}

/* All that has to be done while we are still free, and then the sandbox. */
static enum status
prepare(struct server *server, const struct server_start *start)
{
	struct user_source_report report = { report_users, NULL };
	struct services *services = &server->services;
	enum status st;

	st = settings_new(&services->settings, start->handover);
	if (st == STATUS_OK)
		st = open_bases(services, services->settings->config);
	if (st == STATUS_OK &&
	    mime_types_new(&services->mime_types) != STATUS_OK)
		log_line(LOG_LEVEL_NOTICE, 0, "no MIME types are told: %s",
		    status_text(STATUS_NOT_FOUND));
	if (st == STATUS_OK)
		st = sandbox_enter(services->settings->config);
	/* As the account that we are now, can we write there? */
	for (size_t i = 0; st == STATUS_OK && i < services->base_count; i++)
		st = base_check(services->bases[i]);
	if (st == STATUS_OK)
		st = user_source_new(&services->users,
		    services->settings->config->user_file, &report);
	if (st == STATUS_OK &&
	    (services->renewals = renewals_new(server->channel)) == NULL)
		st = STATUS_NO_MEMORY;
	return st;
}

static enum status
start_threads(struct server *server, const struct server_start *start)
{
	struct services *services = &server->services;
	const struct config *config = services->settings->config;
	struct listener_plan plan = { .services = services,
	    .sockets = start->listeners,
	    .socket_count = start->listener_count,
	    .channel = server->channel, .max_sessions = config->max_sessions,
	    .message = heed_monitor, .ctx = server };
	enum status st;

	st = start_lines(services, config);
	if (st == STATUS_OK)
		st = listener_new(&server->listener, &plan);
	if (st == STATUS_OK)
		st = workers_start(&server->workers, services,
		    server->listener,
		    count_or(config->workers, cores(), 4));
	if (st == STATUS_OK)
		st = collector_start(&server->collector, services);
	if (st == STATUS_OK)
		st = collector_start_claims(&server->claims, services);
	if (st == STATUS_OK)
		st = quota_watch_start(&server->quota_watch, services);
	return st;
}

/* Threads end before what they use. */
static void
clear(struct server *server)
{
	struct services *services = &server->services;

	quota_watch_stop(server->quota_watch);
	ticker_stop(server->claims);
	ticker_stop(server->collector);
	if (services->ready != NULL)
		ready_queue_close(services->ready);
	workers_join(server->workers);
	login_line_free(services->login_line);
	lockouts_free(services->lockouts);
	lock_line_close(services->lock_line);
	flush_line_free(services->flush_line);
	listener_free(server->listener);
	ready_queue_free(services->ready);
	lock_line_free(services->lock_line);
	lock_table_free(services->lock_table);
	mime_types_free(services->mime_types);
	renewals_free(services->renewals);
	user_source_free(services->users);
	for (size_t i = 0; i < services->base_count; i++)
		base_close(services->bases[i]);
	free(services->bases);
	settings_unref(services->settings);
	pthread_mutex_destroy(&services->mutex);
	close(server->channel);
}

int
server_run(const struct server_start *start)
{
	struct server server = { .channel = start->channel };
	enum status st;
	int code;

	/* These only keep the memory of many sessions small. */
	(void)mallopt(M_MMAP_THRESHOLD, MAPPED_FROM);
	(void)mallopt(M_TRIM_THRESHOLD, MAPPED_FROM);
	(void)mallopt(M_ARENA_MAX, 2);
	pthread_mutex_init(&server.services.mutex, NULL);
	server.services.hook = start->hook;
	st = prepare(&server, start);
	if (st == STATUS_OK)
		st = start_threads(&server, start);
	if (st == STATUS_OK && !send_text(&server, CHANNEL_READY, ""))
		st = STATUS_UNREACHABLE;
	if (st == STATUS_OK)
		code = listener_run(server.listener) == 0 ? EX_OK :
		    EX_UNAVAILABLE;
	else {
		log_line(LOG_LEVEL_ERROR, 0, "%s", status_text(st));
		code = status_exit_code(st);
	}
	if (code == EX_UNAVAILABLE)
		_exit(code);	/* nobody waits for a tidy end */
	clear(&server);
	return code;
}
