/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "walk.h"

#include <errno.h>
#include <unistd.h>

#include "link_text.h"

static enum status
read_link(char out[WALK_PATH_ROOM], const struct folder *folder,
    const char *name, const char *path)
{
	ssize_t n = readlinkat(folder->fd, name, out, WALK_PATH_ROOM - 1);

	if (n == -1 && errno == EINVAL)
		return status_set(STATUS_BAD_REQUEST,
		    "%s: not a symbolic link", path);
	if (n == -1)
		return status_errno("%s", path);
	out[n] = '\0';
	return STATUS_OK;
}

enum status
walk_link(char out[WALK_PATH_ROOM], const struct place *place,
    const char *path)
{
	struct folder folder;
	const char *name;
	enum status st;

	if ((st = walk_parent(&folder, &name, place, path)) != STATUS_OK)
		return st;
	st = read_link(out, &folder, name, path);
	folder_close(&folder);
	if (st == STATUS_OK &&
	    !link_text_stays(place_path(place, path) + 1, out))
		st = status_set(STATUS_BAD_PATH,
		    "%s: a link that leads out of the folder", path);
	return st;
}
