/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "conditions.h"

#include <string.h>

#include "verb.h"

#define DIGITS	(2 * FT1_ID_SIZE)

/* What --taken may be, by the number of TAKEN. */
static const char *const policies[] = { "replace", "refuse", "fresh" };

#define POLICIES	(sizeof(policies) / sizeof(policies[0]))

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static enum status
read_version(uint8_t out[FT1_ID_SIZE], const char *word)
{
	size_t i;

	if (strlen(word) == DIGITS &&
	    strspn(word, "0123456789abcdef") == DIGITS) {
		for (i = 0; i < FT1_ID_SIZE; i++)
			out[i] = (uint8_t)(hex_value(word[2 * i]) << 4 |
			    hex_value(word[2 * i + 1]));
		return STATUS_OK;
	}
	return status_set(STATUS_USAGE,
	    "%.64s: a version is what stat tells, %d digits of hex", word,
	    DIGITS);
}

static enum status
read_policy(uint8_t *out, const char *word)
{
	for (*out = 0; *out < POLICIES; ++*out)
		if (strcmp(word, policies[*out]) == 0)
			return STATUS_OK;
	return status_set(STATUS_USAGE, "%.64s: a name that is taken can be "
	    "met by replace, refuse or fresh", word);
}

enum status
conditions_read(struct conditions *out, const struct arguments *arguments)
{
	const char *version = arguments->options[OPTION_IF_VERSION];
	const char *taken = arguments->options[OPTION_TAKEN];
	enum status st = STATUS_OK;

	memset(out, 0, sizeof(*out));
	out->if_absent = arguments->options[OPTION_IF_ABSENT] != NULL;
	out->if_version = version != NULL;
	out->has_taken = taken != NULL;
	if (out->if_absent && out->if_version)
		return status_set(STATUS_USAGE,
		    "--if-absent and --if-version do not go together");
	if (version != NULL)
		st = read_version(out->version, version);
	if (st == STATUS_OK && taken != NULL)
		st = read_policy(&out->taken, taken);
	return st;
}

bool
conditions_are_any(const struct conditions *conditions)
{
	return conditions->has_taken || conditions->if_absent ||
	    conditions->if_version;
}

bool
conditions_mind_repetition(const struct conditions *conditions)
{
	return conditions->taken != 0 || conditions->if_absent ||
	    conditions->if_version;
}

void
conditions_put(const struct conditions *conditions, struct ft1_frame *frame)
{
	if (conditions->has_taken)
		ft1_put_u8(frame, FT1_TAG_TAKEN, conditions->taken);
	if (conditions->if_absent)
		ft1_put_bytes(frame, FT1_TAG_IF_ABSENT, "", 0);
	if (conditions->if_version)
		ft1_put_bytes(frame, FT1_TAG_IF_VERSION, conditions->version,
		    FT1_ID_SIZE);
}
