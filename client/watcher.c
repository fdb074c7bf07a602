/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "watcher.h"

#include <dirent.h>
#include <errno.h>
#include <search.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <unistd.h>

#include "paths.h"

#define EVENTS	(IN_CREATE | IN_CLOSE_WRITE | IN_ATTRIB | IN_DELETE | \
	IN_MOVED_FROM | IN_MOVED_TO | IN_ONLYDIR | IN_EXCL_UNLINK)

enum dirt { CLEAN, FLAT, DEEP };

LIST_HEAD(spots, spot);
TAILQ_HEAD(dirty, spot);

/* A folder that is watched, in the one that it stands in. */
struct spot {
	int		 wd;
	struct spot	*above;		/* borrowed; NULL: the top */
	char		*name;		/* owned */
	struct spots	 below;		/* owned */
	LIST_ENTRY(spot) beside;
	enum dirt	 dirt;
	TAILQ_ENTRY(spot) next_dirty;	/* unless it is clean */
};

/* Many folders are found by their numbers and names in a time that is short. */
struct watcher {
	int		 fd;		/* owned */
	char		*top;		/* owned */
	struct spot	*root;		/* owned; NULL once it is gone */
	void		*by_number;	/* tsearch(3), of all spots */
	void		*by_name;	/* likewise */
	struct dirty	 dirty;		/* in the order in which they became */
	bool		 overflowed;
};

static int
compare_numbers(const void *a, const void *b)
{
	const struct spot *left = a, *right = b;

	return (left->wd > right->wd) - (left->wd < right->wd);
}

static int
compare_names(const void *a, const void *b)
{
	const struct spot *left = a, *right = b;

	if (left->above != right->above)
		return (uintptr_t)left->above < (uintptr_t)right->above ?
		    -1 : 1;
	return strcmp(left->name, right->name);
}

static struct spot *
find_number(const struct watcher *watcher, int wd)
{
	const struct spot key = { .wd = wd };
	struct spot **found = tfind(&key, &watcher->by_number,
	    compare_numbers);

	return found != NULL ? *found : NULL;
}

static struct spot *
find_name(const struct watcher *watcher, struct spot *above, const char *name)
{
	const struct spot key = { .above = above, .name = (char *)name };
	struct spot **found = tfind(&key, &watcher->by_name, compare_names);

	return found != NULL ? *found : NULL;
}

static bool
is_within(const struct spot *spot, const struct spot *folder)
{
	while (spot != NULL && spot != folder)
		spot = spot->above;
	return spot != NULL;
}

/* The path from the top on of what has that name in there; to be freed. */
static char *
path_in(const struct spot *above, const char *name)
{
	char *folder, *path;

	if (above == NULL)
		return strdup("");
	if ((folder = path_in(above->above, above->name)) == NULL)
		return NULL;
	path = path_join(folder, name);
	free(folder);
	return path;
}

/*
 * --- What is watched --------------------------------------------------------
 */

static void
soil(struct watcher *watcher, struct spot *spot, enum dirt dirt)
{
	if (spot->dirt == CLEAN)
		TAILQ_INSERT_TAIL(&watcher->dirty, spot, next_dirty);
	if (spot->dirt < dirt)
		spot->dirt = dirt;
}

static void
clean(struct watcher *watcher, struct spot *spot)
{
	if (spot->dirt != CLEAN)
		TAILQ_REMOVE(&watcher->dirty, spot, next_dirty);
	spot->dirt = CLEAN;
}

static void
clean_below(struct watcher *watcher, struct spot *folder)
{
	struct spot *spot;

	for (spot = LIST_FIRST(&folder->below); spot != NULL;
	    spot = LIST_NEXT(spot, beside)) {
		clean(watcher, spot);
		clean_below(watcher, spot);
	}
}

/* Out of its folder, with all below it. */
static void
take_out(struct watcher *watcher, struct spot *spot)
{
	tdelete(spot, &watcher->by_name, compare_names);
	if (spot->above != NULL)
		LIST_REMOVE(spot, beside);
	else
		watcher->root = NULL;
}

/* False if there is no memory; then it has yet to be forgotten. */
static bool
put_in(struct watcher *watcher, struct spot *spot, struct spot *above)
{
	spot->above = above;
	if (above != NULL)
		LIST_INSERT_HEAD(&above->below, spot, beside);
	else
		watcher->root = spot;
	return tsearch(spot, &watcher->by_name, compare_names) != NULL;
}

/* End the watches of a folder and of all below it. */
static void
forget(struct watcher *watcher, struct spot *spot)
{
	struct spot *below;

	while ((below = LIST_FIRST(&spot->below)) != NULL)
		forget(watcher, below);
	(void)inotify_rm_watch(watcher->fd, spot->wd);
	clean(watcher, spot);
	take_out(watcher, spot);
	tdelete(spot, &watcher->by_number, compare_numbers);
	free(spot->name);
	free(spot);
}

static void
forget_name(struct watcher *watcher, struct spot *above, const char *name)
{
	struct spot *spot = find_name(watcher, above, name);

	if (spot != NULL)
		forget(watcher, spot);
}

/* Takes over the name. */
static enum status
add(struct watcher *watcher, int wd, struct spot *above, char *name)
{
	struct spot *spot = calloc(1, sizeof(*spot));

	if (spot == NULL) {
		free(name);
		return status_no_memory();
	}
	spot->wd = wd;
	spot->name = name;
	LIST_INIT(&spot->below);
	if (put_in(watcher, spot, above) &&
	    tsearch(spot, &watcher->by_number, compare_numbers) != NULL)
		return STATUS_OK;
	forget(watcher, spot);
	return status_no_memory();
}

/* Takes over the name. */
static enum status
move(struct watcher *watcher, struct spot *spot, struct spot *above,
    char *name)
{
	take_out(watcher, spot);
	/* What had the name may have held it until now. */
	forget_name(watcher, above, name);
	free(spot->name);
	spot->name = name;
	if (put_in(watcher, spot, above))
		return STATUS_OK;
	forget(watcher, spot);
	return status_no_memory();
}

/*
 * One that was moved is known by its number.  `*is_there` is false if it was
 * moved into itself: then what led there was moved, too, and is told of yet.
 */
static enum status
note(struct watcher *watcher, int wd, struct spot *above, const char *name,
    bool *is_there)
{
	struct spot *spot = find_number(watcher, wd);
	char *copy;

	*is_there = spot == NULL || !is_within(above, spot);
	if (!*is_there || (spot != NULL && spot->above == above &&
	    strcmp(spot->name, name) == 0))
		return STATUS_OK;
	if ((copy = strdup(name)) == NULL)
		return status_no_memory();
	if (spot != NULL)
		return move(watcher, spot, above, copy);
	forget_name(watcher, above, name);
	return add(watcher, wd, above, copy);
}

static enum status
cannot_watch(const char *path)
{
	if (errno != ENOSPC)
		return status_errno("%s", path);
	return status_set(STATUS_NO_SPACE, "%s: the system lets no more "
	    "folders be watched: raise fs.inotify.max_user_watches by "
	    "sysctl(8)", path);
}

static enum status watch(struct watcher *watcher, struct spot *above,
    const char *name);

static enum status
watch_below(struct watcher *watcher, struct spot *spot, const char *full)
{
	enum status st = STATUS_OK;
	struct dirent *entry;
	DIR *dir;

	/* It may be gone again, or closed to us: who reads it next tells. */
	if ((dir = opendir(full)) == NULL)
		return STATUS_OK;
	while (st == STATUS_OK && (entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0 ||
		    (entry->d_type != DT_DIR && entry->d_type != DT_UNKNOWN))
			continue;
		st = watch(watcher, spot, entry->d_name);
	}
	closedir(dir);
	return st;
}

static enum status
watch_path(struct watcher *watcher, struct spot *above, const char *name,
    const char *full)
{
	bool is_top = above == NULL, is_there;
	enum status st;
	int wd;

	wd = inotify_add_watch(watcher->fd, full, EVENTS |
	    (is_top ? 0 : IN_DONT_FOLLOW));
	if (wd == -1)
		return is_top || (errno != ENOENT && errno != ENOTDIR &&
		    errno != EACCES && errno != ELOOP) ?
		    cannot_watch(full) : STATUS_OK;
	st = note(watcher, wd, above, name, &is_there);
	return st == STATUS_OK && is_there ? watch_below(watcher,
	    find_number(watcher, wd), full) : st;
}

/*
 * The folder of that name in there, or with NULL the top, and all below it;
 * what is none, or is gone again, is passed over.
 */
static enum status
watch(struct watcher *watcher, struct spot *above, const char *name)
{
	char *path = path_in(above, name), *full = NULL;
	enum status st;

	if (path != NULL)
		full = above == NULL ? strdup(watcher->top) :
		    path_join(watcher->top, path);
	st = full == NULL ? status_no_memory() :
	    watch_path(watcher, above, name, full);
	free(full);
	free(path);
	return st;
}

enum status
watcher_new(struct watcher **out, const char *top)
{
	struct watcher *watcher;
	enum status st;

	*out = NULL;
	if ((watcher = calloc(1, sizeof(*watcher))) == NULL)
		return status_no_memory();
	TAILQ_INIT(&watcher->dirty);
	watcher->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (watcher->fd == -1)
		st = status_errno("inotify");
	else if ((watcher->top = strdup(top)) == NULL)
		st = status_no_memory();
	else
		st = watch(watcher, NULL, "");
	if (st == STATUS_OK)
		*out = watcher;
	else
		watcher_free(watcher);
	return st;
}

void
watcher_free(struct watcher *watcher)
{
	if (watcher == NULL)
		return;
	if (watcher->fd != -1)
		close(watcher->fd);
	watcher->fd = -1;
	if (watcher->root != NULL)
		forget(watcher, watcher->root);
	free(watcher->top);
	free(watcher);
}

int
watcher_fd(const struct watcher *watcher)
{
	return watcher->fd;
}

/*
 * --- What was done ----------------------------------------------------------
 */

static enum status
take_folder(struct watcher *watcher, struct spot *spot,
    const struct inotify_event *event)
{
	soil(watcher, spot, DEEP);
	/* A folder that has left takes its watches along: end them. */
	if ((event->mask & (IN_MOVED_FROM | IN_DELETE)) != 0)
		forget_name(watcher, spot, event->name);
	else if ((event->mask & (IN_CREATE | IN_MOVED_TO)) != 0)
		return watch(watcher, spot, event->name);
	return STATUS_OK;
}

static enum status
take_event(struct watcher *watcher, const struct inotify_event *event)
{
	struct spot *spot;

	if ((event->mask & IN_Q_OVERFLOW) != 0) {
		watcher->overflowed = true;
		return watch(watcher, NULL, "");
	}
	if ((spot = find_number(watcher, event->wd)) == NULL)
		return STATUS_OK;
	if ((event->mask & IN_IGNORED) != 0)
		forget(watcher, spot);
	else if ((event->mask & IN_ISDIR) != 0 && event->len > 0)
		return take_folder(watcher, spot, event);
	else
		soil(watcher, spot, FLAT);
	return STATUS_OK;
}

enum status
watcher_read(struct watcher *watcher)
{
	_Alignas(struct inotify_event) char bytes[65536];
	const struct inotify_event *event;
	enum status st = STATUS_OK;
	ssize_t n, at;

	while (st == STATUS_OK &&
	    (n = read(watcher->fd, bytes, sizeof(bytes))) > 0)
		for (at = 0; at < n && st == STATUS_OK; at +=
		    (ssize_t)(sizeof(*event) + event->len)) {
			event = (const void *)(bytes + at);
			st = take_event(watcher, event);
		}
	return st;
}

bool
watcher_is_dirty(const struct watcher *watcher)
{
	return watcher->overflowed || !TAILQ_EMPTY(&watcher->dirty);
}

/* Too much was done to be told of. */
static char *
take_all(struct watcher *watcher, bool *is_deep)
{
	struct spot *spot;

	while ((spot = TAILQ_FIRST(&watcher->dirty)) != NULL)
		clean(watcher, spot);
	watcher->overflowed = false;
	*is_deep = true;
	return strdup("");
}

/* Is it done with a folder above it? */
static bool
is_covered(const struct spot *spot)
{
	while ((spot = spot->above) != NULL && spot->dirt != DEEP)
		;
	return spot != NULL;
}

char *
watcher_take(struct watcher *watcher, bool *is_deep)
{
	struct spot *spot;

	if (watcher->overflowed)
		return take_all(watcher, is_deep);
	while ((spot = TAILQ_FIRST(&watcher->dirty)) != NULL &&
	    is_covered(spot))
		clean(watcher, spot);
	if (spot == NULL)
		return NULL;
	*is_deep = spot->dirt == DEEP;
	clean(watcher, spot);
	if (*is_deep)
		clean_below(watcher, spot);
	return path_in(spot->above, spot->name);
}
