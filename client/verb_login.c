/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "verb.h"

#include "hold.h"
#include "report.h"
#include "show.h"
#include "sign_in.h"

/* On a connection of its own: one that is logged in cannot do so again. */
enum status
verb_login(struct client *client, const struct arguments *arguments,
    const char **blame)
{
	char moment[SHOW_TIME_SIZE];
	struct show_clock clock = { 0 };
	enum status st, held;
	int64_t until;

	(void)arguments;
	*blame = client->target->host;
	/* Somebody may have to type a password. */
	hold_end(client);
	st = sign_in_keep(client->settings, client->target, &until);
	held = hold_begin(client);
	if (st != STATUS_OK)
		return st;
	if (held != STATUS_OK)
		return held;
	if (!report_login(client->settings->report, until) &&
	    !client->settings->quiet) {
		show_time(moment, &clock, until);
		printf("logged in until %s\n", moment);
	}
	return STATUS_OK;
}

enum status
verb_logout(struct client *client, const struct arguments *arguments,
    const char **blame)
{
	enum status st;
	unsigned int count;

	(void)arguments;
	*blame = client->target->host;
	st = sign_in_forget(client->target, &count);
	if (st == STATUS_OK &&
	    !report_logout(client->settings->report, count) &&
	    !client->settings->quiet)
		puts(count > 0 ? "logged out" : "there was no login kept");
	return st;
}
