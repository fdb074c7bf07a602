/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "walk.h"

#include <string.h>

#define NAME_LONGEST 255

/* Take the last component off a clean path of `*len` bytes. */
static void
go_up(const char *out, size_t *len)
{
	while (*len > 0 && out[*len - 1] != '/')
		(*len)--;
	if (*len > 0)
		(*len)--;
}

/* Work on one component; `*len` is 0 for the root. */
static enum status
add_component(char *out, size_t *len, const char *name, size_t name_len)
{
	if (name_len == 0 || (name_len == 1 && name[0] == '.'))
		return STATUS_OK;
	if (name_len == 2 && name[0] == '.' && name[1] == '.') {
		go_up(out, len);
		return STATUS_OK;
	}
	if (name_len > NAME_LONGEST)
		return status_set(STATUS_NAME_TOO_LONG,
		    "a name has more than %d bytes", NAME_LONGEST);
	if (*len + 1 + name_len >= WALK_PATH_ROOM)
		return status_set(STATUS_NAME_TOO_LONG,
		    "the path has more than %d bytes", WALK_PATH_ROOM - 1);
	out[(*len)++] = '/';
	memcpy(out + *len, name, name_len);
	*len += name_len;
	return STATUS_OK;
}

enum status
path_clean(char out[WALK_PATH_ROOM], const char *cwd, const char *path,
    size_t len)
{
	const char *end = path + len, *slash;
	enum status st = STATUS_OK;
	size_t used = 0;

	out[0] = '\0';
	if (len >= WALK_PATH_ROOM)
		return status_set(STATUS_NAME_TOO_LONG,
		    "the path has more than %d bytes", WALK_PATH_ROOM - 1);
	if (memchr(path, '\0', len) != NULL)
		return status_set(STATUS_BAD_PATH, "the path has a NUL byte");
	if ((len == 0 || path[0] != '/') && strcmp(cwd, "/") != 0) {
		used = strlen(cwd);
		memcpy(out, cwd, used);
	}
	while (path < end && st == STATUS_OK) {
		slash = memchr(path, '/', (size_t)(end - path));
		if (slash == NULL)
			slash = end;
		st = add_component(out, &used, path, (size_t)(slash - path));
		path = slash + 1;
	}
	if (used == 0)
		out[used++] = '/';
	out[used] = '\0';
	return st;
}

const char *
place_path(const struct place *place, const char *path)
{
	/* One that ends before the place begins means the place. */
	return path + strnlen(path, place->mount);
}

enum durability
place_durability(const struct place *place)
{
	switch (place->durability) {
	case PLACE_COMMIT:
		return DURABILITY_COMMIT;
	case PLACE_ASYNC:
		return DURABILITY_ASYNC;
	case PLACE_AS_BASE:
		break;
	}
	return base_durability(place->base);
}

bool
place_is_same(const struct place *a, const struct place *b)
{
	return a->base == b->base && a->mount == b->mount &&
	    strcmp(a->root, b->root) == 0;
}
