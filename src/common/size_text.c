/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "size_text.h"

#include <stdlib.h>
#include <string.h>

const char *
size_text_read(uint64_t *out, const char *text)
{
	static const char units[] = "KMGT";
	size_t digits = strspn(text, "0123456789");
	unsigned int shift = 0;
	const char *unit;
	uint64_t number;

	*out = 0;
	/* What has more digits is more than SIZE_TEXT_MOST. */
	if (digits == 0 || digits > 19)
		return NULL;
	number = strtoull(text, NULL, 10);
	text += digits;
	if (*text != '\0' && (unit = strchr(units, *text)) != NULL) {
		shift = 10 * (unsigned int)(unit - units + 1);
		text++;
	}
	if (number > SIZE_TEXT_MOST >> shift)
		return NULL;
	*out = number << shift;
	return text;
}

bool
size_text_parse(uint64_t *out, const char *text)
{
	const char *end = size_text_read(out, text);

	if (end != NULL && *end == '\0')
		return true;
	*out = 0;
	return false;
}
