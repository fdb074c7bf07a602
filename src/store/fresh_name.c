/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "fresh_name.h"

#include <assert.h>
#include <stdio.h>

#define TAIL	9	/* "-XXXXXXXX" */

void
fresh_name(char out[NAME_MAX + 1], const char *name,
    const uint8_t id[STAGE_ID_SIZE], unsigned int number)
{
	const uint8_t *bytes = id + 4 * number;

	assert(number < FRESH_NAMES);
	snprintf(out, NAME_MAX + 1, "%.*s-%02x%02x%02x%02x", NAME_MAX - TAIL,
	    name, bytes[0], bytes[1], bytes[2], bytes[3]);
}

bool
fresh_name_helps(enum status st)
{
	return st == STATUS_EXISTS || st == STATUS_LOCKED;
}
