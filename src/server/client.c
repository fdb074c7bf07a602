/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "client.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/crypto.h>

#include "clock.h"
#include "log.h"
#include "parcel.h"
#include "reach.h"
#include "ticket.h"

enum status
client_init(struct client *client, struct services *services,
    void (*wake)(void *ctx), void *ctx)
{
	memset(client, 0, sizeof(*client));
	client->fd = -1;
	client->services = services;
	client->settings = services_settings(services);
	if ((client->mailbox = mailbox_new(wake, ctx)) == NULL)
		return STATUS_NO_MEMORY;
	return STATUS_OK;
}

static void
free_job(struct client *client)
{
	struct login_job *job = client->job;

	client->job = NULL;
	if (job == NULL)
		return;
	OPENSSL_clear_free(job->password, job->password_len);
	free(job->user);
	free(job);
}

void
client_let_go(struct client *client)
{
	bool held = own_locks_any(client->own);

	if (client->own != NULL)
		own_locks_close(client->own);
	if (held)
		lock_line_wake(client->services->lock_line, 0, 0);
}

void
client_clear(struct client *client)
{
	if (client->mailbox != NULL)
		mailbox_close(client->mailbox);
	batch_former_free(client->former);
	parcel_unref(client->parcel);
	client_let_go(client);
	own_locks_unref(client->own);
	mailbox_unref(client->mailbox);
	free_job(client);
	free(client->cwd);
	settings_unref(client->settings);
	settings_unref(client->now);
}

void
client_set_address(struct client *client, int fd,
    const struct sockaddr *address)
{
	char host[48], port[8];
	socklen_t len = address->sa_family == AF_INET6 ?
	    sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);

	client->fd = fd;
	login_origin(client->origin, address);
	if (getnameinfo(address, len, host, sizeof(host), port, sizeof(port),
	    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		snprintf(client->who.address, sizeof(client->who.address),
		    "unknown");
	else
		snprintf(client->who.address, sizeof(client->who.address),
		    address->sa_family == AF_INET6 ? "[%s]:%s" : "%s:%s",
		    host, port);
}

/* Remember for the log who it claims to be. */
static void
note_user(struct client *client, const struct request_bytes *user)
{
	size_t len = user->len < sizeof(client->who.user) ? user->len :
	    sizeof(client->who.user) - 1;

	memcpy(client->who.user, user->at, len);
	client->who.user[len] = '\0';
}

static void
audit_login(const struct client *client, enum status outcome)
{
	audit(&client->who, &(struct audit_event){ .verb = "login",
	    .outcome = outcome });
}

/*
 * The audit has told of the lockout when it began: whoever goes on shall not
 * fill the log.
 */
static enum status
refuse_locked_out(struct client *client, unsigned int seconds)
{
	client->failures++;
	client->login_wait = seconds;
	log_line(LOG_LEVEL_INFO, client->who.session,
	    "locked out for %u s more", seconds);
	return status_set(STATUS_BUSY,
	    "too many failed logins; try again in %u s", seconds);
}

enum status
client_ask_password(struct client *client, const struct request_bytes *user,
    const struct request_bytes *password)
{
	const struct lockout_pair pair = { client->origin, user->at,
		user->len };
	struct login_job *job;
	unsigned int seconds;

	note_user(client, user);
	client->login_wait = 0;
	seconds = lockouts_left(client->services->lockouts, &pair,
	    clock_ms());
	if (seconds > 0)
		return refuse_locked_out(client, seconds);
	if ((client->job = job = calloc(1, sizeof(*job))) == NULL)
		return STATUS_NO_MEMORY;
	job->fd = client->fd;
	job->who = &client->who;
	memcpy(job->origin, client->origin, sizeof(job->origin));
	job->user = malloc(user->len + 1);
	job->password = OPENSSL_malloc(password->len + 1);
	if (job->user == NULL || job->password == NULL) {
		free_job(client);
		return STATUS_NO_MEMORY;
	}
	memcpy(job->user, user->at, user->len);
	job->user_len = user->len;
	if (password->len > 0)
		memcpy(job->password, password->at, password->len);
	job->password_len = password->len;
	return STATUS_OK;
}

/* Is this still the password that the client logged in with? */
static bool
is_same_login(struct client *client, const struct user *user)
{
	uint8_t digest[RENEWALS_DIGEST];

	if (memcmp(client->line_digest, user->digest,
	    sizeof(client->line_digest)) == 0)
		return true;
	if (!renewals_digest(digest, user->hash))
		return false;
	if (memcmp(digest, client->hash_digest, sizeof(digest)) != 0 &&
	    !renewals_know(client->services->renewals, digest))
		return false;
	memcpy(client->hash_digest, digest, sizeof(digest));
	memcpy(client->line_digest, user->digest,
	    sizeof(client->line_digest));
	return true;
}

/* The user is who they say: keep what tells a later change. */
static enum status
let_in(struct client *client, const struct user *user, uint64_t login_time)
{
	if (user == NULL || user->locked)
		return STATUS_LOGIN_REFUSED;
	if (services_base(client->services, user->base) == NULL) {
		log_line(LOG_LEVEL_ERROR, client->who.session,
		    "user %s has the base %s, which is not configured",
		    user->name, user->base != NULL ? user->base : "");
		return STATUS_LOGIN_REFUSED;
	}
	if (!renewals_digest(client->hash_digest, user->hash))
		return STATUS_NO_MEMORY;
	memcpy(client->line_digest, user->digest,
	    sizeof(client->line_digest));
	client->login_time = login_time;
	client->is_in = true;
	if (client->services->hook != NULL)
		client->services->hook(user->name);
	return STATUS_OK;
}

/*
 * The password was right for the line as it was then; it has to be the same
 * password still.
 */
static enum status
let_in_by_password(struct client *client)
{
	const struct login_job *job = client->job;
	enum status st = STATUS_LOGIN_REFUSED;
	const struct user *user;
	struct users *users;

	memcpy(client->line_digest, job->line_digest,
	    sizeof(client->line_digest));
	memcpy(client->hash_digest, job->hash_digest,
	    sizeof(client->hash_digest));
	users = user_source_get(client->services->users);
	user = users_find(users, job->user, job->user_len);
	if (user != NULL && is_same_login(client, user))
		st = let_in(client, user, (uint64_t)time(NULL));
	users_unref(users);
	return st;
}

enum status
client_password_checked(struct client *client, enum status st)
{
	unsigned int locked_out = client->job->locked_out;

	if (st == STATUS_OK)
		st = let_in_by_password(client);
	if (st == STATUS_LOGIN_REFUSED) {
		client->failures++;
		status_set(st, "wrong user name or password");
	}
	free_job(client);
	if (locked_out > 0)
		return refuse_locked_out(client, locked_out);
	audit_login(client, st);
	return st;
}

static void
rules_now(struct ticket_rules *rules, const struct client *client)
{
	rules->keys = &client->settings->keys;
	rules->now = (uint64_t)time(NULL);
	rules->login_lifetime = client->settings->config->login_lifetime;
}

enum status
client_use_ticket(struct client *client, const struct request_bytes *user,
    const struct request_bytes *ticket)
{
	struct ticket_holder holder;
	struct ticket_rules rules;
	struct users *users;
	enum status st;

	note_user(client, user);
	rules_now(&rules, client);
	users = user_source_get(client->services->users);
	st = ticket_check(&holder, users, &rules,
	    (const uint8_t *)ticket->at, ticket->len);
	/* The name is in the ticket; what is claimed beside it must agree. */
	if (st == STATUS_OK && (strlen(holder.user->name) != user->len ||
	    memcmp(holder.user->name, user->at, user->len) != 0))
		st = status_set(STATUS_LOGIN_REFUSED,
		    "the ticket is of another user");
	if (st == STATUS_OK)
		st = let_in(client, holder.user, holder.login_time);
	users_unref(users);
	if (st == STATUS_LOGIN_REFUSED)
		client->failures++;
	audit_login(client, st);
	return st;
}

enum status
client_make_ticket(struct client *client, uint8_t *ticket, size_t *len,
    uint32_t *seconds)
{
	const struct config *config = client->settings->config;
	struct ticket_holder holder = { .login_time = client->login_time };
	struct ticket_rules rules;
	struct users *users;
	uint64_t end;
	enum status st = STATUS_LOGIN_REFUSED;

	rules_now(&rules, client);
	end = client->login_time + config->login_lifetime;
	holder.expires = rules.now + (client->ticket_seconds != 0 ?
	    client->ticket_seconds : config->ticket_lifetime);
	if (holder.expires > end)
		holder.expires = end;
	users = user_source_get(client->services->users);
	holder.user = users_find(users, client->who.user,
	    strlen(client->who.user));
	/* The file may have been changed since the login was checked. */
	if (holder.user != NULL && !holder.user->locked &&
	    is_same_login(client, holder.user) && holder.expires > rules.now)
		st = ticket_make(ticket, len, &rules, &holder);
	users_unref(users);
	*seconds = (uint32_t)(holder.expires - rules.now);
	return st;
}

static bool
set_cwd(struct caller *caller, const char *clean_path)
{
	struct client *client = (struct client *)((char *)(uintptr_t)
	    caller->who - offsetof(struct client, who));
	char *copy;

	if ((copy = strdup(clean_path)) == NULL)
		return false;
	free(client->cwd);
	client->cwd = copy;
	return true;
}

/* What a session needs from its first request on. */
static bool
has_means(struct client *client)
{
	if (client->former == NULL)
		client->former = batch_former_new(
		    client->services->flush_line, client->mailbox);
	if (client->own == NULL)
		client->own = own_locks_new(client->services->lock_table,
		    client->who.user, client->who.session);
	return client->former != NULL && client->own != NULL;
}

enum status
client_caller(struct client *client, struct caller *caller,
    struct users **users)
{
	const struct user *user;

	*users = user_source_get(client->services->users);
	user = users_find(*users, client->who.user,
	    strlen(client->who.user));
	memset(caller, 0, sizeof(*caller));
	if (user != NULL)
		caller->place.base = services_base(client->services,
		    user->base);
	if (user == NULL || user->locked || caller->place.base == NULL ||
	    !is_same_login(client, user)) {
		users_unref(*users);
		*users = NULL;
		return status_set(STATUS_LOGIN_REFUSED, "the user was "
		    "removed, locked or changed: log in again");
	}
	if (!has_means(client)) {
		users_unref(*users);
		*users = NULL;
		return STATUS_NO_MEMORY;
	}
	/* Roots begin with a slash; places are named from the base on. */
	caller->place.root = user->root + strspn(user->root, "/");
	caller->place.own = client->own;
	caller->rights = user->rights;
	caller->user = user;
	caller->place.quota.bytes = user->quota_bytes;
	caller->place.quota.files = user->quota_files;
	caller->services = client->services;
	settings_unref(client->now);
	client->now = services_settings(client->services);
	caller->config = client->now->config;
	caller->who = &client->who;
	caller->cwd = client->cwd != NULL ? client->cwd : "/";
	caller->kit = client->kit;
	caller->former = client->former;
	caller->lock_line = client->services->lock_line;
	caller->parcel = &client->parcel;
	caller->flush_line = client->services->flush_line;
	caller->set_cwd = set_cwd;
	return STATUS_OK;
}

enum durability
client_durability(struct client *client)
{
	struct caller caller;
	struct users *users;
	enum durability durability;

	if (client_caller(client, &caller, &users) != STATUS_OK)
		return DURABILITY_COMMIT;
	durability = reach_durability(&caller);
	users_unref(users);
	return durability;
}
