/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "password.h"

#include <crypt.h>
#include <openssl/crypto.h>

#include <errno.h>
#include <string.h>

#include "crypt_hash.h"

/* Memory to burn the rest in when the dearest hash is none of argon2's. */
#define SPARE_MEMORY 16384u	/* KiB */

static bool
is_argon2(const char *hash)
{
	return strncmp(hash, "$argon2", strlen("$argon2")) == 0;
}

bool
password_hash_is_foreign(const char *hash)
{
	return !is_argon2(hash);
}

enum status
password_hash_work(uint64_t *out, const char *hash)
{
	struct phc phc;
	enum status st;

	*out = 0;
	if (!is_argon2(hash))
		return crypt_hash_work(out, hash);
	if ((st = phc_parse(&phc, hash, strlen(hash))) == STATUS_OK)
		*out = (uint64_t)phc.cost.memory_kib * phc.cost.passes;
	OPENSSL_cleanse(&phc, sizeof(phc));
	return st;
}

enum status
password_decoy(char out[PASSWORD_HASH_MAX], const char *hash)
{
	struct phc phc, decoy;
	enum status st;

	out[0] = '\0';
	if (!is_argon2(hash))
		return crypt_hash_decoy(out, PASSWORD_HASH_MAX, hash);
	if ((st = phc_parse(&phc, hash, strlen(hash))) != STATUS_OK ||
	    (st = phc_random(&decoy, &phc.cost)) != STATUS_OK)
		return st;
	decoy.tag_len = phc.tag_len;
	phc_format(out, &decoy);
	return STATUS_OK;
}

static enum status
refuse(void)
{
	return status_set(STATUS_LOGIN_REFUSED, "login refused");
}

static enum status
verify_argon2(const char *hash, const void *password, size_t len)
{
	uint8_t tag[PHC_TAG_MAX];
	struct phc phc;
	enum status st;

	if ((st = phc_parse(&phc, hash, strlen(hash))) != STATUS_OK)
		return st;
	st = phc_compute(tag, &phc, password, len);
	if (st == STATUS_OK && CRYPTO_memcmp(tag, phc.tag, phc.tag_len) != 0)
		st = refuse();
	OPENSSL_cleanse(tag, sizeof(tag));
	OPENSSL_cleanse(&phc, sizeof(phc));
	return st;
}

/*
 * crypt(3) takes short strings only.  What it cannot take is cut and mended,
 * so that it is refused after the same work as any wrong password.  True if
 * nothing had to be done.
 */
static bool
make_phrase(char phrase[CRYPT_MAX_PASSPHRASE_SIZE], const void *password,
    size_t len)
{
	bool fits = len < CRYPT_MAX_PASSPHRASE_SIZE;
	size_t i;

	if (!fits)
		len = CRYPT_MAX_PASSPHRASE_SIZE - 1;
	memcpy(phrase, password, len);
	for (i = 0; i < len; i++)
		if (phrase[i] == '\0') {
			phrase[i] = '?';
			fits = false;
		}
	phrase[len] = '\0';
	return fits;
}

static enum status
verify_crypt(const char *hash, const void *password, size_t len)
{
	char phrase[CRYPT_MAX_PASSPHRASE_SIZE];
	size_t hash_len = strlen(hash);
	struct crypt_data *data;
	enum status st = STATUS_OK;
	const char *made;
	bool fits;

	/* 32 KiB: too much for the stack of a thread. */
	if ((data = OPENSSL_zalloc(sizeof(*data))) == NULL)
		return status_set(STATUS_NO_MEMORY, "no memory for crypt(3)");
	fits = make_phrase(phrase, password, len);
	made = crypt_rn(phrase, hash, data, (int)sizeof(*data));
	if (made == NULL && errno == ENOMEM)
		st = status_set(STATUS_NO_MEMORY,
		    "no memory to check a password, try again later");
	else if (made == NULL || strlen(made) != hash_len ||
	    CRYPTO_memcmp(made, hash, hash_len) != 0 || !fits)
		st = refuse();
	OPENSSL_cleanse(phrase, sizeof(phrase));
	OPENSSL_clear_free(data, sizeof(*data));
	return st;
}

enum status
password_verify(const char *hash, const void *password, size_t len)
{
	uint64_t work;
	enum status st;

	if (len > PASSWORD_MAX)
		return refuse();
	/* Bounds the cost before it is paid. */
	if ((st = password_hash_work(&work, hash)) != STATUS_OK)
		return st;
	return is_argon2(hash) ? verify_argon2(hash, password, len) :
	    verify_crypt(hash, password, len);
}

/*
 * Burn so many units by argon2 of fitting size, in no more memory than the
 * dearest hash takes.
 */
static enum status
burn(uint64_t units, const char *decoy, const void *password, size_t len)
{
	struct phc phc, dearest = { .cost.memory_kib = SPARE_MEMORY };
	uint8_t tag[PHC_TAG_MAX];
	uint64_t passes;
	enum status st;

	if (units < PHC_MEMORY_MIN)
		return STATUS_OK;
	if (is_argon2(decoy) && (st = phc_parse(&dearest, decoy,
	    strlen(decoy))) != STATUS_OK)
		return st;
	passes = (units - 1) / dearest.cost.memory_kib + 1;
	if ((st = phc_random(&phc, &(struct phc_cost){ .lanes = 1,
	    .passes = (uint32_t)passes, .memory_kib =
	    (uint32_t)(units / passes) })) != STATUS_OK)
		return st;
	st = phc_compute(tag, &phc, password, len);
	OPENSSL_cleanse(tag, sizeof(tag));
	return st;
}

enum status
password_login(const char *hash, const char *decoy, bool locked,
    const void *password, size_t len)
{
	uint64_t dearest, spent = 0;
	enum status st;

	if (len > PASSWORD_MAX)
		return refuse();
	if ((st = password_hash_work(&dearest, decoy)) != STATUS_OK)
		return st;
	if (hash == NULL)
		hash = decoy, locked = true;
	if ((st = password_hash_work(&spent, hash)) != STATUS_OK)
		return st;
	st = password_verify(hash, password, len);
	if (st == STATUS_OK && !locked)
		return STATUS_OK;
	if (st != STATUS_OK && st != STATUS_LOGIN_REFUSED)
		return st;
	if (spent < dearest &&
	    (st = burn(dearest - spent, decoy, password, len)) != STATUS_OK)
		return st;
	return refuse();
}
