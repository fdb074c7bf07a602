/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "link_text.h"

#include <stddef.h>
#include <string.h>

static bool
is_up(const char *name, size_t len)
{
	return len == 2 && name[0] == '.' && name[1] == '.';
}

bool
link_text_stays(const char *path, const char *text)
{
	size_t above = 0, len;
	bool has_name = false;

	if (*text == '\0' || *text == '/')
		return false;
	for (; *path != '\0'; path++)
		above += *path == '/';
	for (; *text != '\0'; text += len + (text[len] == '/')) {
		len = strcspn(text, "/");
		if (is_up(text, len)) {
			if (has_name || above-- == 0)
				return false;
		} else if (len > 1 || (len == 1 && *text != '.'))
			has_name = true;
	}
	return true;
}
