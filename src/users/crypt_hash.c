/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "crypt_hash.h"

#include <openssl/rand.h>

#include <stdbool.h>
#include <string.h>

#include "phc.h"

/* Digits of crypt(3), in the order of their values. */
static const char digits[] =
    "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/* How long the digest at the end of each hash is. */
#define YESCRYPT_DIGEST 43
#define BCRYPT_DIGEST 31
#define SHA512_DIGEST 86

#define SHA512_ROUNDS 5000	/* if the hash does not say */
#define SHA512_ROUNDS_MIN 1000
#define YESCRYPT_MEMORY_MAX PHC_MEMORY_MAX

/* Units of work by measurement; they need to be near, not exact. */
#define UNITS_PER_BCRYPT_ROUND 64
#define SHA512_ROUNDS_PER_UNIT 3

struct kind {
	const char	*prefix;
	size_t		 digest_len;
	/* Work for what follows the prefix; 0 if it is malformed. */
	uint64_t	 (*work)(const char *after);
};

static size_t
digits_at(const char *text)
{
	return strspn(text, digits);
}

/* `NN$` and 22 digits of salt, right before 31 digits of digest. */
static uint64_t
bcrypt_work(const char *after)
{
	unsigned int cost;

	if (strspn(after, "0123456789") != 2 || after[2] != '$' ||
	    digits_at(after + 3) != 22 + BCRYPT_DIGEST ||
	    after[3 + 22 + BCRYPT_DIGEST] != '\0')
		return 0;
	cost = (unsigned int)((after[0] - '0') * 10 + after[1] - '0');
	if (cost < 4 || cost > 31)
		return 0;
	return (UINT64_C(1) << cost) * UNITS_PER_BCRYPT_ROUND;
}

/* `SALT$` and the digest, to the end. */
static bool
is_salt_and_digest(const char *text, size_t salt_min, size_t salt_max,
    size_t digest_len)
{
	size_t salt = digits_at(text);

	return salt >= salt_min && salt <= salt_max && text[salt] == '$' &&
	    digits_at(text + salt + 1) == digest_len &&
	    text[salt + 1 + digest_len] == '\0';
}

static uint64_t
sha512_work(const char *after)
{
	uint64_t rounds = SHA512_ROUNDS;
	size_t n;

	if (strncmp(after, "rounds=", strlen("rounds=")) == 0) {
		after += strlen("rounds=");
		n = strspn(after, "0123456789");
		if (n == 0 || n > 9 || after[n] != '$' || *after == '0')
			return 0;
		for (rounds = 0; n > 0; n--)
			rounds = rounds * 10 + (uint64_t)(*after++ - '0');
		after++;
		if (rounds < SHA512_ROUNDS_MIN)
			return 0;
	}
	return is_salt_and_digest(after, 1, 16, SHA512_DIGEST) ?
	    rounds / SHA512_ROUNDS_PER_UNIT : 0;
}

/*
 * `jNR$`: the flavour that all programs write, the power of two and the block
 * size, each one digit.  Longer forms exist; nobody's tools make them.
 */
static uint64_t
yescrypt_work(const char *after)
{
	uint64_t power, blocks, kib;

	if (digits_at(after) != 3 || after[0] != 'j' || after[3] != '$' ||
	    !is_salt_and_digest(after + 4, 1, 64, YESCRYPT_DIGEST))
		return 0;
	power = (uint64_t)(strchr(digits, after[1]) - digits) + 1;
	blocks = (uint64_t)(strchr(digits, after[2]) - digits) + 1;
	/* Digits from 48 on begin a number of two. */
	if (power < 10 || power > 30 || blocks > 48)
		return 0;
	kib = (blocks << power) / 8;
	if (kib > YESCRYPT_MEMORY_MAX)
		return UINT64_MAX;
	return kib * 3 / 2;
}

static const struct kind kinds[] = {
	{ "$y$", YESCRYPT_DIGEST, yescrypt_work },
	{ "$2a$", BCRYPT_DIGEST, bcrypt_work },
	{ "$2b$", BCRYPT_DIGEST, bcrypt_work },
	{ "$2y$", BCRYPT_DIGEST, bcrypt_work },
	{ "$6$", SHA512_DIGEST, sha512_work },
};

static const struct kind *
kind_of(const char *hash)
{
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strncmp(hash, kinds[i].prefix,
		    strlen(kinds[i].prefix)) == 0)
			return &kinds[i];
	return NULL;
}

static enum status
refuse_kind(const char *hash)
{
	static const struct {
		const char	*prefix, *name;
	} weak[] = {
		{ "$1$", "MD5" }, { "$apr1$", "Apache's MD5" },
		{ "{SHA}", "SHA-1" }, { "$sha1$", "SHA-1" },
		{ "$3$", "NT" }, { "$md5", "Sun's MD5" },
		{ "$5$", "sha256crypt" }, { "_", "DES" },
		{ "$2x$", "broken bcrypt" },
	};
	size_t i;

	if (hash[0] == '\0' || hash[0] == '!' || hash[0] == '*')
		return status_set(STATUS_CONFIG, "there is no password: set "
		    "one with `ftuser passwd`, or leave the user out");
	for (i = 0; i < sizeof(weak) / sizeof(weak[0]); i++)
		if (strncmp(hash, weak[i].prefix, strlen(weak[i].prefix)) == 0)
			return status_set(STATUS_CONFIG, "a hash of the kind "
			    "%s is too weak: set a new password with `ftuser "
			    "passwd`", weak[i].name);
	if (strlen(hash) == 13 && digits_at(hash) == 13)
		return status_set(STATUS_CONFIG, "a hash of the kind DES is "
		    "too weak: set a new password with `ftuser passwd`");
	return status_set(STATUS_CONFIG, "the kind of this hash is unknown: it "
	    "must be $argon2id$, $y$ (yescrypt), $2b$ (bcrypt) or $6$ "
	    "(sha512crypt)");
}

enum status
crypt_hash_work(uint64_t *out, const char *hash)
{
	const struct kind *kind = kind_of(hash);

	*out = 0;
	if (kind == NULL)
		return refuse_kind(hash);
	if ((*out = kind->work(hash + strlen(kind->prefix))) == 0)
		return status_set(STATUS_CONFIG, "the %s hash is "
		    "malformed, cut short, or of parameters that nobody uses",
		    kind->prefix);
	if (*out > PHC_WORK_MAX)
		return status_set(STATUS_CONFIG, "the %s hash is too dear: a "
		    "login would take many seconds", kind->prefix);
	return STATUS_OK;
}

enum status
crypt_hash_decoy(char *out, size_t room, const char *hash)
{
	const struct kind *kind = kind_of(hash);
	size_t i, len = strlen(hash);
	unsigned char random[SHA512_DIGEST];
	uint64_t work;
	enum status st;

	if ((st = crypt_hash_work(&work, hash)) != STATUS_OK)
		return st;
	if (len >= room)
		return status_set(STATUS_CONFIG, "the hash is too long");
	if (RAND_bytes(random, (int)kind->digest_len) != 1)
		return status_set(STATUS_IO, "no random bytes to be had");
	memcpy(out, hash, len + 1);
	for (i = 0; i < kind->digest_len; i++)
		out[len - 1 - i] = digits[random[i] % (sizeof(digits) - 1)];
	return STATUS_OK;
}
