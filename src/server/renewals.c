/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "renewals.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "channel.h"
#include "log.h"
#include "password.h"

#define REMEMBERED 64

struct renewals {
	int		 channel;	/* borrowed */
	pthread_mutex_t	 mutex;
	size_t		 next;		/* the oldest is overwritten */
	uint8_t		 digest[REMEMBERED][RENEWALS_DIGEST];
};

struct renewals *
renewals_new(int channel)
{
	struct renewals *renewals;

	if ((renewals = calloc(1, sizeof(*renewals))) == NULL)
		return NULL;
	renewals->channel = channel;
	pthread_mutex_init(&renewals->mutex, NULL);
	return renewals;
}

void
renewals_free(struct renewals *renewals)
{
	if (renewals == NULL)
		return;
	pthread_mutex_destroy(&renewals->mutex);
	free(renewals);
}

bool
renewals_digest(uint8_t digest[RENEWALS_DIGEST], const char *hash)
{
	return EVP_Digest(hash, strlen(hash), digest, NULL, EVP_sha256(),
	    NULL) == 1;
}

bool
renewals_know(struct renewals *renewals,
    const uint8_t digest[RENEWALS_DIGEST])
{
	bool known = false;

	pthread_mutex_lock(&renewals->mutex);
	for (size_t i = 0; i < REMEMBERED && !known; i++)
		known = memcmp(renewals->digest[i], digest,
		    RENEWALS_DIGEST) == 0;
	pthread_mutex_unlock(&renewals->mutex);
	return known;
}

static void
remember(struct renewals *renewals, const char *hash)
{
	uint8_t digest[RENEWALS_DIGEST];

	if (!renewals_digest(digest, hash))
		return;
	pthread_mutex_lock(&renewals->mutex);
	memcpy(renewals->digest[renewals->next++ % REMEMBERED], digest,
	    sizeof(digest));
	pthread_mutex_unlock(&renewals->mutex);
}

/* The digest of the line that was verified, which the monitor compares. */
static void
write_hex(char hex[2 * USER_DIGEST_LEN + 1],
    const uint8_t digest[USER_DIGEST_LEN])
{
	for (size_t i = 0; i < USER_DIGEST_LEN; i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
}

bool
renewals_offer(struct renewals *renewals, const struct user *user,
    const void *password, size_t len, const struct phc_cost *cost)
{
	struct channel_message message = { .type = CHANNEL_RENEW };
	char line[2 * USER_DIGEST_LEN + 1], hash[PHC_TEXT_MAX];
	enum status st;

	if (!password_hash_is_foreign(user->hash))
		return false;
	if ((st = phc_hash(hash, password, len, cost)) == STATUS_OK) {
		remember(renewals, hash);
		write_hex(line, user->digest);
		message.text[0] = (char *)(uintptr_t)user->name;
		message.text[1] = line;
		message.text[2] = hash;
		st = channel_send(renewals->channel, &message);
	}
	if (st != STATUS_OK)
		log_line(LOG_LEVEL_NOTICE, 0,
		    "the hash of %s could not be renewed: %s", user->name,
		    status_text(st));
	return st == STATUS_OK;
}
