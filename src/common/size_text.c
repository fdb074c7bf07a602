/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "size_text.h"

#include <stdlib.h>
#include <string.h>

bool
size_text_parse(uint64_t *out, const char *text)
{
	static const char units[] = "KMGT";
	size_t digits = strspn(text, "0123456789");
	const char *unit = units;
	unsigned int shift = 0;
	uint64_t number;

	*out = 0;
	/* What has more digits is more than SIZE_TEXT_MOST. */
	if (digits == 0 || digits > 19)
		return false;
	number = strtoull(text, NULL, 10);
	text += digits;
	if (*text != '\0') {
		if (text[1] != '\0' || (unit = strchr(units, *text)) == NULL)
			return false;
		shift = 10 * (unsigned int)(unit - units + 1);
	}
	if (number > SIZE_TEXT_MOST >> shift)
		return false;
	*out = number << shift;
	return true;
}
