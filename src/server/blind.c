/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "blind.h"

#include <string.h>

#include "command.h"

enum upload_taken
blind_taken(const struct caller *caller, enum upload_taken asked)
{
	if ((caller->rights & RIGHT_OVERWRITE) != 0 || asked == UPLOAD_FRESH)
		return asked;
	if (command_is_blind(caller))
		return UPLOAD_FRESH;
	return asked == UPLOAD_REPLACE ? UPLOAD_DENY : asked;
}

enum status
blind_check(const struct caller *caller, const char *path, bool has_condition)
{
	const char *inner = place_path(&caller->place, path);

	if (!command_is_blind(caller) ||
	    (caller->rights & RIGHT_OVERWRITE) != 0)
		return STATUS_OK;
	if (has_condition)
		return status_set(STATUS_NOT_PERMITTED, "%s: conditions need "
		    "the right to list", path);
	if ((caller->rights & RIGHT_MKDIR) == 0 && inner[0] != '\0' &&
	    strchr(inner + 1, '/') != NULL)
		return status_set(STATUS_NOT_PERMITTED, "%s: this user puts "
		    "files into the topmost folder only", path);
	return STATUS_OK;
}
