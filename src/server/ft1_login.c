/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "ft1_decode.h"
#include "ft1_state.h"

enum ft1_step
ft1_take_hello(struct ft1 *ft1, const struct ft1_header *header,
    const uint8_t *payload)
{
	uint16_t least, most;

	switch (ft1_decode_hello(&least, &most, header, payload)) {
	case FT1_BAD:
		return ft1_broken(ft1, "a HELLO that is malformed");
	case FT1_UNKNOWN:
		ft1_end(ft1, STATUS_UNSUPPORTED,
		    "the HELLO holds something this server does not know");
		return FT1_STEP_WAITS;
	case FT1_GOOD:
		break;
	}
	if (least > FT1_VERSION || most < FT1_VERSION) {
		ft1_end(ft1, STATUS_UNSUPPORTED,
		    "this server speaks version 1 only");
		return FT1_STEP_WAITS;
	}
	ft1_answer_hello(&ft1->answer, ft1->client->settings->config);
	ft1->stage = FT1_STAGE_LOGIN;
	if (ft1->client->is_surplus)
		ft1_end(ft1, STATUS_BUSY,
		    "too many connections, try again later");
	return FT1_STEP_ON;
}

static bool
is_word(const struct request_bytes *bytes, const char *word)
{
	return bytes->len == strlen(word) &&
	    memcmp(bytes->at, word, bytes->len) == 0;
}

void
ft1_forget_user(struct ft1 *ft1)
{
	free((char *)(uintptr_t)ft1->user.at);
	memset(&ft1->user, 0, sizeof(ft1->user));
}

/* Remember the name until the RESPONSE comes. */
static bool
keep_user(struct ft1 *ft1, const struct request_bytes *user)
{
	char *copy;

	if ((copy = malloc(user->len)) == NULL)
		return false;
	memcpy(copy, user->at, user->len);
	ft1_forget_user(ft1);
	ft1->user.at = copy;
	ft1->user.len = user->len;
	return true;
}

/* The outcome of a login is known: tell it. */
static enum ft1_step
finish_login(struct ft1 *ft1, enum status st)
{
	unsigned int wait = 0;

	if (st == STATUS_OK) {
		ft1->stage = FT1_STAGE_IN;
		ft1_answer_login(&ft1->answer, ft1->login_id, ft1->client);
		return FT1_STEP_ON;
	}
	ft1->stage = FT1_STAGE_LOGIN;
	if (st == STATUS_BUSY && ft1->client->login_wait > 0)
		wait = ft1->client->login_wait;
	else if (status_class(st) == CLASS_BUSY)
		wait = login_line_wait(ft1->client->services->login_line);
	ft1_answer_error(&ft1->answer, ft1->login_id, st, wait,
	    status_text(st));
	if (ft1->client->failures >=
	    ft1->client->settings->config->login_tries)
		ft1_end(ft1, STATUS_LOGIN_REFUSED, "too many failed logins");
	return FT1_STEP_ON;
}

static enum ft1_step
check_password(struct ft1 *ft1, const struct request_bytes *user,
    const struct request_bytes *password)
{
	enum status st;

	st = client_ask_password(ft1->client, user, password);
	if (st != STATUS_OK)
		return finish_login(ft1, st);
	ft1->stage = FT1_STAGE_CHECKING;
	return FT1_STEP_ON;
}

static enum ft1_step
begin_login(struct ft1 *ft1, const struct ft1_login *login)
{
	if (is_word(&login->method, "ticket") && login->response.at != NULL)
		return finish_login(ft1, client_use_ticket(ft1->client,
		    &login->user, &login->response));
	if (!is_word(&login->method, "password"))
		return finish_login(ft1, status_set(STATUS_UNSUPPORTED,
		    "no such login method: use password or ticket"));
	if (login->response.at != NULL)
		return check_password(ft1, &login->user, &login->response);
	if (!keep_user(ft1, &login->user))
		return finish_login(ft1, STATUS_NO_MEMORY);
	ft1->stage = FT1_STAGE_CHALLENGED;
	ft1_answer_challenge(&ft1->answer, ft1->login_id);
	return FT1_STEP_ON;
}

enum ft1_step
ft1_take_login(struct ft1 *ft1, const struct ft1_header *header,
    const uint8_t *payload)
{
	struct ft1_login login;

	if (ft1->stage == FT1_STAGE_CHALLENGED)
		return ft1_broken(ft1, "a LOGIN within a login");
	if (ft1->stage == FT1_STAGE_IN) {
		ft1_answer_error(&ft1->answer, header->id, STATUS_BAD_REQUEST,
		    0, "this session is logged in already");
		return FT1_STEP_ON;
	}
	ft1->login_id = header->id;
	switch (ft1_decode_login(&login, header, payload)) {
	case FT1_BAD:
		return ft1_broken(ft1, "a LOGIN that is malformed");
	case FT1_UNKNOWN:
		return finish_login(ft1, status_set(STATUS_UNSUPPORTED,
		    "the LOGIN holds something this server does not know"));
	case FT1_GOOD:
		break;
	}
	ft1->client->ticket_seconds = login.ticket_seconds;
	return begin_login(ft1, &login);
}

enum ft1_step
ft1_take_response(struct ft1 *ft1, const struct ft1_header *header,
    const uint8_t *payload)
{
	struct request_bytes response;
	enum ft1_step step;

	if (ft1->stage != FT1_STAGE_CHALLENGED ||
	    header->id != ft1->login_id)
		return ft1_broken(ft1, "a RESPONSE that nobody asked for");
	if (ft1_decode_response(&response, header, payload) != FT1_GOOD)
		return ft1_broken(ft1, "a RESPONSE that is malformed");
	step = check_password(ft1, &ft1->user, &response);
	ft1_forget_user(ft1);
	return step;
}

void
ft1_answer_checked(struct ft1 *ft1)
{
	if (!ft1->has_checked || !ft1_answer_has_room(&ft1->answer))
		return;
	ft1->has_checked = false;
	(void)finish_login(ft1, client_password_checked(ft1->client,
	    ft1->checked));
}
