/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "sign_in_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/crypto.h>

#include "board.h"
#include "escape.h"
#include "secret.h"
#include "throttle.h"

#define TRIES		3	/* passwords that a person may type */
#define AS_LONG_AS_MAY_BE UINT32_MAX	/* seconds of a ticket */

static void
hang_up(struct sign_in *s)
{
	remote_free(s->remote);
	s->remote = NULL;
}

/*
 * --- Logging in -------------------------------------------------------------
 */

#define VOID_WORDS "the kept login is no longer taken"

/* Why there is a question now, or what to do if nobody can be asked. */
static enum status
ask_for_password(struct sign_in *s, const char *prompt)
{
	bool is_void = s->is_void;
	enum status st;

	s->is_void = false;
	if (is_void && !secret_can_ask())
		return status_set(STATUS_LOGIN_REFUSED, VOID_WORDS
		    ": log in again with: ftclient ... %s login",
		    s->settings->target);
	if (is_void && !s->settings->quiet)
		fprintf(stderr, "ftclient: " VOID_WORDS "\n");
	interrupt_pause(s->interrupt);
	st = secret_ask(&s->password, prompt, NULL);
	interrupt_resume(s->interrupt);
	s->asked = true;
	s->tries++;
	return st;
}

static enum status
get_password(struct sign_in *s)
{
	char prompt[(FT1_USER_MAX + DESTINATION_HOST_MAX) * ESCAPE_GROWTH + 32];
	char name[FT1_USER_MAX + DESTINATION_HOST_MAX + 2];
	size_t len;
	const char *file = s->settings->password_file;
	const char *command = s->settings->password_command;
	enum status st;

	/* Nobody is asked while a transfer runs. */
	if ((s->is_more || (s->revives && !s->may_ask)) &&
	    file == NULL && command == NULL)
		return status_set(STATUS_LOGIN_REFUSED, s->is_more ?
		    "the login does not hold for more connections" :
		    "the login does not hold for another connection");
	if (file != NULL || command != NULL)
		st = file != NULL ? secret_read_file(&s->password, file) :
		    secret_read_command(&s->password, command);
	else {
		snprintf(name, sizeof(name), "%s@%s", s->target->user,
		    s->target->host);
		len = escape_string(prompt, sizeof(prompt) - 32, name);
		snprintf(prompt + len, sizeof(prompt) - len, "'s password: ");
		st = ask_for_password(s, prompt);
	}
	s->has_password = st == STATUS_OK;
	return st;
}

static enum status
take_login(struct call *call, const struct frame *frame)
{
	struct sign_in *s = call->owner;
	struct reply reply;
	enum status st;

	if (frame->header.type != FT1_OK)
		return status_set(STATUS_PROTOCOL,
		    "the server asks for more than a password");
	st = reply_read(&reply, frame,
	    REPLY_TICKET | REPLY_TICKET_SECONDS | REPLY_DURABILITY);
	if (st != STATUS_OK)
		return st;
	if (reply.ticket.len == 0 ||
	    reply.ticket.len > sizeof(s->fresh.bytes))
		return status_set(STATUS_PROTOCOL,
		    "the server sent a malformed ticket");
	memcpy(s->fresh.bytes, reply.ticket.at, reply.ticket.len);
	s->fresh.len = reply.ticket.len;
	s->fresh.until = (int64_t)time(NULL) + reply.ticket_seconds;
	return STATUS_OK;
}

static enum status
send_login(struct sign_in *s)
{
	bool by_ticket = s->ticket.len > 0;
	struct ft1_frame *frame;

	s->call.receiver = take_login;
	s->call.owner = s;
	frame = remote_request(s->remote, FT1_LOGIN, 0, &s->call);
	ft1_put_string(frame, FT1_TAG_USER, s->target->user);
	ft1_put_string(frame, FT1_TAG_METHOD,
	    by_ticket ? "ticket" : "password");
	if (by_ticket)
		ft1_put_bytes(frame, FT1_TAG_RESPONSE, s->ticket.bytes,
		    s->ticket.len);
	else
		ft1_put_bytes(frame, FT1_TAG_RESPONSE, s->password.bytes,
		    s->password.len);
	if (by_ticket || s->keeps)
		ft1_put_u32(frame, FT1_TAG_TICKET_SECONDS, AS_LONG_AS_MAY_BE);
	return remote_send(s->remote);
}

/* The password is next, and only who has to type it is told why. */
static void
drop_ticket(struct sign_in *s)
{
	unsigned int count;

	if (!s->revives) {
		(void)kept_ticket_drop(s->whom, s->pin, &count);
		s->is_void = true;
	}
	OPENSSL_cleanse(&s->fresh, sizeof(s->fresh));
	OPENSSL_cleanse(&s->ticket, sizeof(s->ticket));
	s->no_ticket = true;
}

static enum status
await_login(struct sign_in *s)
{
	enum status st = remote_wait(s->remote, &s->call);

	if (st == STATUS_OK && !remote_limits(s->remote)->known)
		return status_set(STATUS_PROTOCOL,
		    "the server said no hello");
	if (st == STATUS_BUSY)
		s->patience.wait = s->call.wait != 0 ? s->call.wait :
		    remote_wait_seconds(s->remote);
	if (st == STATUS_OK && s->settings->verbose) {
		board_hide(s->settings->board);
		fprintf(stderr, "ftclient: logged in by %s\n",
		    s->ticket.len > 0 ? "ticket" : "password");
	}
	return st;
}

/* The server's words for `st` say more than those for the connection. */
static void
hang_up_if_lost(struct sign_in *s, enum status st)
{
	struct status_words words = { 0 };

	if (s->remote == NULL)
		return;
	status_words_keep(&words, st);
	if (remote_lost(s->remote) != STATUS_OK)
		hang_up(s);
	(void)status_words_return(&words, st);
}

/* True if the failure may be gone at the next try. */
static bool
may_try_again(struct sign_in *s, enum status st)
{
	bool asked = s->asked;

	s->asked = false;
	hang_up_if_lost(s, st);
	if (st == STATUS_BUSY)
		return patience_wait(&s->patience, s->interrupt,
		    s->settings->verbose || asked, s->settings->board) ==
		    STATUS_OK;
	if (s->ticket.len > 0 &&
	    (st == STATUS_LOGIN_REFUSED || st == STATUS_UNSUPPORTED)) {
		drop_ticket(s);
		return true;
	}
	if (st == STATUS_LOGIN_REFUSED && asked && s->tries < TRIES) {
		fprintf(stderr, "Login refused, try again.\n");
		s->has_password = false;
		return true;
	}
	/* Perhaps the server grew tired while somebody looked for it. */
	return st == STATUS_UNREACHABLE && asked && s->remote == NULL;
}

static enum status
try_once(struct sign_in *s)
{
	enum status st;

	if (s->remote == NULL && (st = sign_in_dial(s)) != STATUS_OK)
		return st;
	if (s->ticket.len == 0 && !s->has_password &&
	    (st = get_password(s)) != STATUS_OK)
		return st;
	/* A failure to send it is its outcome as well. */
	(void)send_login(s);
	if (s->early && s->ticket.len > 0) {
		s->is_open = true;
		return STATUS_OK;
	}
	return await_login(s);
}

static enum status
keep_trying(struct sign_in *s)
{
	enum status st;

	do
		st = try_once(s);
	while (st != STATUS_OK && may_try_again(s, st));
	secret_wipe(&s->password);
	s->has_password = false;
	return st;
}

/*
 * --- A sign-in --------------------------------------------------------------
 */

static void
name_whom(char *out, size_t size, const struct destination *target)
{
	char name[DESTINATION_NAME_SIZE];
	size_t i;

	destination_name(name, target);
	for (i = 0; name[i] != '\0'; i++)
		if (name[i] >= 'A' && name[i] <= 'Z')
			name[i] += 'a' - 'A';
	snprintf(out, size, "%s@%s", target->user, name);
}

static struct sign_in *
alloc_sign_in(const struct command_line *settings,
    const struct destination *target)
{
	struct sign_in *s;

	if ((s = calloc(1, sizeof(*s))) == NULL) {
		status_no_memory();
		return NULL;
	}
	s->settings = settings;
	s->target = target;
	s->trust = (struct trust){ settings->pin, settings->cafile,
		settings->known_hosts, target, true };
	name_whom(s->whom, sizeof(s->whom), target);
	return s;
}

static enum status
new_sign_in(struct sign_in **out, const struct command_line *settings,
    const struct destination *target)
{
	struct sign_in *s;
	enum status st;

	*out = NULL;
	if ((s = alloc_sign_in(settings, target)) == NULL)
		return STATUS_NO_MEMORY;
	st = trust_context(&s->context, &s->trust);
	if (st == STATUS_OK && settings->limit_rate > 0)
		st = throttle_new(&s->throttle, settings->limit_rate);
	if (st != STATUS_OK)
		sign_in_end(s);
	else
		*out = s;
	return st;
}

enum status
sign_in_begin(struct sign_in **out, const struct command_line *settings,
    const struct destination *target, bool early)
{
	struct sign_in *s;
	enum status st;

	*out = NULL;
	if ((st = new_sign_in(&s, settings, target)) != STATUS_OK)
		return st;
	s->early = early;
	if ((st = keep_trying(s)) != STATUS_OK)
		sign_in_end(s);
	else
		*out = s;
	return st;
}

enum status
sign_in_more(struct sign_in **out, const struct sign_in *first)
{
	struct sign_in *s;

	*out = NULL;
	if ((s = alloc_sign_in(first->settings, first->target)) == NULL)
		return STATUS_NO_MEMORY;
	SSL_CTX_up_ref(first->context);
	s->context = first->context;
	s->throttle = first->throttle;
	s->fresh = first->fresh;
	s->is_more = true;
	s->trust.explains = false;
	*out = s;
	return STATUS_OK;
}

enum status
sign_in_connect(struct sign_in *s, struct interrupt *interrupt)
{
	enum status st;

	s->interrupt = interrupt;
	s->revives = true;
	st = keep_trying(s);
	s->revives = false;
	return st;
}

struct remote *
sign_in_remote(const struct sign_in *s)
{
	return s->remote;
}

bool
sign_in_is_open(const struct sign_in *s)
{
	return s->is_open;
}

void
sign_in_settle(struct sign_in *s, bool *refused)
{
	remote_await(s->remote, &s->call);
	*refused = s->call.outcome != STATUS_OK ||
	    !remote_limits(s->remote)->known;
	s->is_open = *refused;
	if (!*refused && s->settings->verbose) {
		board_hide(s->settings->board);
		fprintf(stderr, "ftclient: logged in by ticket\n");
	}
}

enum status
sign_in_again(struct sign_in *s)
{
	enum status st = await_login(s);

	s->is_open = s->early = false;
	if (st == STATUS_OK || !may_try_again(s, st))
		return st;
	return keep_trying(s);
}

enum status
sign_in_revive(struct sign_in *s, struct interrupt *interrupt, bool may_ask)
{
	struct interrupt *before = s->interrupt;
	struct remote *lost = s->remote;
	enum status st;

	s->remote = NULL;
	s->revives = true;
	s->tries = s->early = s->is_open = false;
	s->interrupt = interrupt;
	s->may_ask = may_ask;
	OPENSSL_cleanse(&s->ticket, sizeof(s->ticket));
	st = keep_trying(s);
	s->revives = false;
	s->interrupt = before;
	if (st == STATUS_OK && s->remote != NULL)
		remote_replace(lost, s->remote);
	else
		hang_up(s);
	s->remote = lost;
	return st;
}

/* The server gave another ticket than ours, which is still the kept one. */
static void
renew_ticket(struct sign_in *s)
{
	struct kept_ticket now;

	if (s->is_more || s->ticket.len == 0 || s->fresh.len == 0 ||
	    (s->ticket.len == s->fresh.len && memcmp(s->ticket.bytes,
	    s->fresh.bytes, s->fresh.len) == 0))
		return;
	if (kept_ticket_find(&now, s->whom, s->pin) == STATUS_OK &&
	    now.len == s->ticket.len &&
	    memcmp(now.bytes, s->ticket.bytes, now.len) == 0)
		(void)kept_ticket_keep(&s->fresh, s->whom, s->pin);
	OPENSSL_cleanse(&now, sizeof(now));
}

void
sign_in_end(struct sign_in *s)
{
	if (s == NULL)
		return;
	renew_ticket(s);
	hang_up(s);
	free(s->call.text);
	SSL_CTX_free(s->context);
	if (!s->is_more)
		throttle_free(s->throttle);
	OPENSSL_clear_free(s, sizeof(*s));
}

enum status
sign_in_keep(const struct command_line *settings,
    const struct destination *target, int64_t *until)
{
	struct sign_in *s;
	enum status st;

	*until = 0;
	if ((st = kept_ticket_check_place()) != STATUS_OK ||
	    (st = new_sign_in(&s, settings, target)) != STATUS_OK)
		return st;
	s->no_ticket = s->keeps = true;
	if ((st = keep_trying(s)) == STATUS_OK)
		st = kept_ticket_keep(&s->fresh, s->whom, s->pin);
	if (st == STATUS_OK)
		*until = s->fresh.until;
	sign_in_end(s);
	return st;
}

enum status
sign_in_forget(const struct destination *target, unsigned int *count)
{
	char whom[FT1_USER_MAX + DESTINATION_NAME_SIZE + 1];

	name_whom(whom, sizeof(whom), target);
	return kept_ticket_drop(whom, NULL, count);
}
