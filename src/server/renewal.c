/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "renewal.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "log.h"
#include "phc.h"
#include "user_edit.h"

#define WAIT_MS 500	/* for another edit; the next login tries again */

static int
digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c == '\0' ? NULL : strchr(digits, c);

	return at == NULL ? -1 : (int)(at - digits);
}

static bool
decode(uint8_t digest[USER_DIGEST_LEN], const char *hex)
{
	size_t i;
	int high, low;

	if (strlen(hex) != 2 * USER_DIGEST_LEN)
		return false;
	for (i = 0; i < USER_DIGEST_LEN; i++) {
		high = digit(hex[2 * i]);
		low = digit(hex[2 * i + 1]);
		if (high == -1 || low == -1)
			return false;
		digest[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

static enum status
renew(const struct config *config, const struct channel_message *message)
{
	uint8_t digest[USER_DIGEST_LEN];
	const struct user_renewal renewal = {
		.path = config->user_file,
		.name = message->text[0],
		.digest = digest,
		.hash = message->text[2],
		.wait_ms = WAIT_MS
	};
	struct phc phc;
	enum status st;

	if (!config->renew_hashes)
		return status_set(STATUS_NOT_PERMITTED,
		    "login.renew_hashes is off");
	if (!decode(digest, message->text[1]))
		return status_set(STATUS_BAD_REQUEST, "no digest");
	/* Nothing but argon2id, whatever the server process asks for. */
	st = phc_parse(&phc, renewal.hash, strlen(renewal.hash));
	return st == STATUS_OK ? user_edit_renew_hash(&renewal) : st;
}

void
renewal_carry_out(const struct config *config,
    const struct channel_message *message)
{
	enum status st = renew(config, message);

	if (st == STATUS_OK)
		log_line(LOG_LEVEL_NOTICE, 0, "user %s: the hash of the "
		    "password is argon2id now", message->text[0]);
	else
		log_line(LOG_LEVEL_NOTICE, 0, "user %s: the hash of the "
		    "password stays as it is: %s", message->text[0],
		    status_text(st));
}
