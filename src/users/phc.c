/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "phc.h"

#include <sys/mman.h>

#include <argon2.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <stdio.h>
#include <string.h>

#define NEW_SALT_LEN 16		/* bytes, as RFC 9106 says */
#define NEW_TAG_LEN 32

/*
 * The second choice of RFC 9106, section 4, for machines where the first one
 * (2 GiB) is too much, with one lane: the login threads are what runs in
 * parallel.  A fifth of a second on a core of 2020, which bounds a guesser
 * and, since tickets open further connections, is paid once per session.
 */
const struct phc_cost PHC_DEFAULT_COST = {
	.memory_kib = 65536, .passes = 3, .lanes = 1,
};

static const char alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* A text that is being read; `at` is NULL once something did not fit. */
struct reader {
	const char	*at;
	const char	*end;
};

static void
read_word(struct reader *r, const char *word)
{
	size_t len = strlen(word);

	if (r->at == NULL)
		return;
	if ((size_t)(r->end - r->at) < len || memcmp(r->at, word, len) != 0)
		r->at = NULL;
	else
		r->at += len;
}

/* Decimal without sign or leading zeros, of at most ten digits. */
static uint32_t
read_number(struct reader *r)
{
	const char *start = r->at;
	uint64_t n = 0;

	if (r->at == NULL)
		return 0;
	while (r->at < r->end && *r->at >= '0' && *r->at <= '9' &&
	    r->at - start < 10)
		n = n * 10 + (uint64_t)(*r->at++ - '0');
	if (r->at == start || (*start == '0' && r->at - start > 1) ||
	    n > UINT32_MAX) {
		r->at = NULL;
		return 0;
	}
	return (uint32_t)n;
}

/* Base64 without padding, and without bits that stand for nothing. */
static size_t
read_base64(struct reader *r, uint8_t *out, size_t room)
{
	const char *digit;
	uint32_t bits = 0;
	size_t n = 0, have = 0;

	if (r->at == NULL)
		return 0;
	for (; r->at < r->end && *r->at != '$'; r->at++) {
		digit = memchr(alphabet, *r->at, sizeof(alphabet) - 1);
		if (digit == NULL)
			goto bad;
		bits = (bits << 6 | (uint32_t)(digit - alphabet)) & 0xfff;
		have += 6;
		if (have < 8)
			continue;
		if (n == room)
			goto bad;
		have -= 8;
		out[n++] = (uint8_t)(bits >> have);
	}
	if (have == 6 || (bits & ((1u << have) - 1)) != 0)
		goto bad;
	return n;
bad:
	r->at = NULL;
	return 0;
}

static char *
put_base64(char *out, const uint8_t *bytes, size_t len)
{
	uint32_t bits = 0;
	size_t have = 0;

	while (len-- > 0) {
		bits = bits << 8 | *bytes++;
		for (have += 8; have >= 6; have -= 6)
			*out++ = alphabet[bits >> (have - 6) & 0x3f];
	}
	if (have > 0)
		*out++ = alphabet[bits << (6 - have) & 0x3f];
	*out = '\0';
	return out;
}

enum status
phc_cost_check(const struct phc_cost *cost)
{
	if (cost->lanes < 1 || cost->lanes > PHC_LANES_MAX)
		return status_set(STATUS_CONFIG,
		    "argon2: p must be 1 to %u", PHC_LANES_MAX);
	if (cost->memory_kib < PHC_MEMORY_MIN * cost->lanes ||
	    cost->memory_kib > PHC_MEMORY_MAX)
		return status_set(STATUS_CONFIG,
		    "argon2: m must be %u (8 for each of p) to %u KiB",
		    PHC_MEMORY_MIN * cost->lanes, PHC_MEMORY_MAX);
	if (cost->passes < 1 || cost->passes > PHC_PASSES_MAX)
		return status_set(STATUS_CONFIG,
		    "argon2: t must be 1 to %u", PHC_PASSES_MAX);
	if ((uint64_t)cost->memory_kib * cost->passes > PHC_WORK_MAX)
		return status_set(STATUS_CONFIG,
		    "argon2: m times t must be at most %u KiB", PHC_WORK_MAX);
	return STATUS_OK;
}

static uint32_t *
cost_field(struct phc_cost *cost, char letter)
{
	switch (letter) {
	case 'm':
		return &cost->memory_kib;
	case 't':
		return &cost->passes;
	case 'p':
		return &cost->lanes;
	default:
		return NULL;
	}
}

enum status
phc_cost_parse(struct phc_cost *out, const char *text)
{
	struct reader r = { text, text + strlen(text) };
	uint32_t *field;
	char seen[4] = "";

	*out = PHC_DEFAULT_COST;
	do {
		if ((field = cost_field(out, *r.at)) == NULL ||
		    strchr(seen, *r.at) != NULL)
			goto bad;
		seen[strlen(seen)] = *r.at++;
		read_word(&r, "=");
		*field = read_number(&r);
		if (r.at == NULL || (r.at < r.end && *r.at != ','))
			goto bad;
	} while (r.at++ < r.end);
	return phc_cost_check(out);
bad:
	return status_set(STATUS_CONFIG, "argon2: a cost is m=KIB,t=PASSES,"
	    "p=LANES, such as m=65536,t=3,p=1");
}

/* Name the kinds that a person may have meant to use. */
static enum status
refuse_kind(struct reader r)
{
	if (read_word(&r, "$argon2id$"), r.at != NULL)
		return status_set(STATUS_CONFIG, "argon2: only version 19 is "
		    "accepted, as in $argon2id$v=19$m=65536,t=3,p=1$SALT$TAG");
	return status_set(STATUS_CONFIG,
	    "argon2: only argon2id is accepted, not argon2i or argon2d");
}

enum status
phc_parse(struct phc *out, const char *text, size_t len)
{
	struct reader r = { text, text + len };
	struct phc phc = { 0 };

	memset(out, 0, sizeof(*out));
	read_word(&r, "$argon2id$v=19$");
	if (r.at == NULL)
		return refuse_kind((struct reader){ text, text + len });
	read_word(&r, "m=");
	phc.cost.memory_kib = read_number(&r);
	read_word(&r, ",t=");
	phc.cost.passes = read_number(&r);
	read_word(&r, ",p=");
	phc.cost.lanes = read_number(&r);
	read_word(&r, "$");
	phc.salt_len = read_base64(&r, phc.salt, sizeof(phc.salt));
	read_word(&r, "$");
	phc.tag_len = read_base64(&r, phc.tag, sizeof(phc.tag));
	if (r.at == NULL || r.at != r.end || phc.salt_len < PHC_SALT_MIN ||
	    phc.tag_len < PHC_TAG_MIN)
		return status_set(STATUS_CONFIG, "argon2: the hash is "
		    "malformed or cut short, or its salt (%d to %d bytes) or "
		    "tag (%d to %d) is of a wrong size", PHC_SALT_MIN,
		    PHC_SALT_MAX, PHC_TAG_MIN, PHC_TAG_MAX);
	*out = phc;
	return phc_cost_check(&phc.cost);
}

void
phc_format(char out[PHC_TEXT_MAX], const struct phc *phc)
{
	char *at = out;

	at += sprintf(at, "$argon2id$v=19$m=%u,t=%u,p=%u$",
	    phc->cost.memory_kib, phc->cost.passes, phc->cost.lanes);
	at = put_base64(at, phc->salt, phc->salt_len);
	*at++ = '$';
	put_base64(at, phc->tag, phc->tag_len);
}

enum status
phc_random(struct phc *out, const struct phc_cost *cost)
{
	*out = (struct phc){ .cost = *cost, .salt_len = NEW_SALT_LEN,
	    .tag_len = NEW_TAG_LEN };
	if (RAND_bytes(out->salt, NEW_SALT_LEN) != 1 ||
	    RAND_bytes(out->tag, sizeof(out->tag)) != 1)
		return status_set(STATUS_IO, "no random bytes to be had");
	return STATUS_OK;
}

/* Its own mapping, so that the memory leaves the process when it is done. */
static int
take_memory(uint8_t **memory, size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	*memory = p == MAP_FAILED ? NULL : p;
	return *memory == NULL ? ARGON2_MEMORY_ALLOCATION_ERROR : ARGON2_OK;
}

/* libargon2 has wiped it; the kernel does so again before anybody gets it. */
static void
give_memory(uint8_t *memory, size_t bytes)
{
	if (memory != NULL)
		munmap(memory, bytes);
}

enum status
phc_compute(uint8_t tag[PHC_TAG_MAX], const struct phc *phc,
    const void *password, size_t len)
{
	struct phc copy = *phc;		/* libargon2 takes no const */
	argon2_context work = {
		.out = tag, .outlen = (uint32_t)phc->tag_len,
		/* It reads the password only: no CLEAR_PASSWORD flag. */
		.pwd = (uint8_t *)(uintptr_t)password, .pwdlen = (uint32_t)len,
		.salt = copy.salt, .saltlen = (uint32_t)phc->salt_len,
		.t_cost = phc->cost.passes, .m_cost = phc->cost.memory_kib,
		.lanes = phc->cost.lanes, .threads = 1,
		.version = ARGON2_VERSION_13,
		.allocate_cbk = take_memory, .free_cbk = give_memory,
		.flags = ARGON2_DEFAULT_FLAGS,
	};
	int error = argon2_ctx(&work, Argon2_id);

	OPENSSL_cleanse(&copy, sizeof(copy));
	if (error == ARGON2_MEMORY_ALLOCATION_ERROR)
		return status_set(STATUS_NO_MEMORY,
		    "no memory to check a password, try again later");
	if (error != ARGON2_OK)
		return status_set(STATUS_IO, "argon2: %s",
		    argon2_error_message(error));
	return STATUS_OK;
}

enum status
phc_hash(char out[PHC_TEXT_MAX], const void *password, size_t len,
    const struct phc_cost *cost)
{
	struct phc phc;
	enum status st;

	out[0] = '\0';
	if ((st = phc_cost_check(cost)) != STATUS_OK ||
	    (st = phc_random(&phc, cost)) != STATUS_OK)
		return st;
	if ((st = phc_compute(phc.tag, &phc, password, len)) == STATUS_OK)
		phc_format(out, &phc);
	OPENSSL_cleanse(&phc, sizeof(phc));
	return st;
}
