/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "time_text.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define AGE_MOST	INT64_C(1000000000)	/* of any unit */

static bool
read_age(int64_t *seconds, const char *word)
{
	static const struct {
		char	unit;
		int32_t	seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 },
	    { 'w', 604800 } };
	char *end;
	int64_t number;
	size_t i;

	if (*word < '0' || *word > '9')
		return false;
	errno = 0;
	number = strtoll(word, &end, 10);
	if (errno != 0 || number > AGE_MOST || *end == '\0' || end[1] != '\0')
		return false;
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (units[i].unit == *end) {
			*seconds = number * units[i].seconds;
			return true;
		}
	return false;
}

static bool
read_date(int64_t *seconds, const char *word)
{
	static const char *const forms[] = { "%Y-%m-%d", "%Y-%m-%d %H:%M:%S",
	    "%Y-%m-%dT%H:%M:%S" };
	const char *end;
	struct tm tm;
	size_t i;

	for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		memset(&tm, 0, sizeof(tm));
		tm.tm_isdst = -1;
		end = strptime(word, forms[i], &tm);
		if (end != NULL && *end == '\0') {
			*seconds = mktime(&tm);
			return true;
		}
	}
	return false;
}

enum status
time_text_parse(struct file_time *out, const char *word, int64_t now)
{
	int64_t age;
	char *stop;

	memset(out, 0, sizeof(*out));
	if (word[0] == '@') {
		out->seconds = strtoll(word + 1, &stop, 10);
		if (word[1] != '\0' && *stop == '\0')
			return STATUS_OK;
	}
	if (read_age(&age, word)) {
		out->seconds = now - age;
		return STATUS_OK;
	}
	if (read_date(&out->seconds, word))
		return STATUS_OK;
	return status_set(STATUS_USAGE, "%.64s: write a time as 2025-11-24, "
	    "\"2025-11-24 23:10:59\", @SECONDS, or an age as 7d, 12h or 30m",
	    word);
}
