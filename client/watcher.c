/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "watcher.h"

#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "paths.h"

#define EVENTS	(IN_CREATE | IN_CLOSE_WRITE | IN_ATTRIB | IN_DELETE | \
	IN_MOVED_FROM | IN_MOVED_TO | IN_ONLYDIR | IN_EXCL_UNLINK)

enum dirt { CLEAN, FLAT, DEEP };

/* A folder that is watched. */
struct spot {
	int		 wd;
	char		*path;		/* owned; seen from the top */
	enum dirt	 dirt;
};

struct watcher {
	int		 fd;		/* owned */
	char		*top;		/* owned */
	struct spot	*at;		/* owned; in no order */
	size_t		 len, room;
	bool		 overflowed;
};

static bool
is_below(const char *path, const char *folder)
{
	size_t len = strlen(folder);

	return len == 0 ? *path != '\0' :
	    strncmp(path, folder, len) == 0 && path[len] == '/';
}

static struct spot *
find(struct watcher *watcher, int wd)
{
	size_t i;

	for (i = watcher->len; i-- > 0; )
		if (watcher->at[i].wd == wd)
			return &watcher->at[i];
	return NULL;
}

static void
drop(struct watcher *watcher, struct spot *spot)
{
	free(spot->path);
	*spot = watcher->at[--watcher->len];
}

/* Takes over the path.  One that was moved is known by its number. */
static enum status
note(struct watcher *watcher, int wd, char *path)
{
	struct spot *spot = find(watcher, wd), *more;
	size_t room = watcher->room * 2 + 64;

	if (spot != NULL) {
		free(spot->path);
		spot->path = path;
		return STATUS_OK;
	}
	if (watcher->len == watcher->room) {
		more = realloc(watcher->at, room * sizeof(*more));
		if (more == NULL) {
			free(path);
			return status_no_memory();
		}
		watcher->at = more;
		watcher->room = room;
	}
	watcher->at[watcher->len++] = (struct spot){ wd, path, CLEAN };
	return STATUS_OK;
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

static enum status watch(struct watcher *watcher, const char *path);

static enum status
watch_below(struct watcher *watcher, const char *full, const char *path)
{
	enum status st = STATUS_OK;
	struct dirent *entry;
	char *below;
	DIR *dir;

	/* It may be gone again, or closed to us: who reads it next tells. */
	if ((dir = opendir(full)) == NULL)
		return STATUS_OK;
	while (st == STATUS_OK && (entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0 ||
		    (entry->d_type != DT_DIR && entry->d_type != DT_UNKNOWN))
			continue;
		below = *path == '\0' ? strdup(entry->d_name) :
		    path_join(path, entry->d_name);
		st = below == NULL ? status_no_memory() :
		    watch(watcher, below);
		free(below);
	}
	closedir(dir);
	return st;
}

/* A folder and all below it; what is none, or is gone again, is passed over. */
static enum status
watch(struct watcher *watcher, const char *path)
{
	bool is_top = *path == '\0';
	char *full = is_top ? strdup(watcher->top) :
	    path_join(watcher->top, path), *copy = strdup(path);
	enum status st = STATUS_OK;
	int wd = -1;

	if (full == NULL || copy == NULL)
		st = status_no_memory();
	else if ((wd = inotify_add_watch(watcher->fd, full, EVENTS |
	    (is_top ? 0 : IN_DONT_FOLLOW))) == -1 && (is_top ||
	    (errno != ENOENT && errno != ENOTDIR && errno != EACCES &&
	    errno != ELOOP)))
		st = cannot_watch(full);
	if (wd != -1) {
		st = note(watcher, wd, copy);
		copy = NULL;
		if (st == STATUS_OK)
			st = watch_below(watcher, full, path);
	}
	free(copy);
	free(full);
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
	watcher->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (watcher->fd == -1)
		st = status_errno("inotify");
	else if ((watcher->top = strdup(top)) == NULL)
		st = status_no_memory();
	else
		st = watch(watcher, "");
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
	while (watcher->len > 0)
		free(watcher->at[--watcher->len].path);
	free(watcher->at);
	free(watcher->top);
	if (watcher->fd != -1)
		close(watcher->fd);
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

/* A folder that has left its place takes its watches along: end them. */
static void
forget(struct watcher *watcher, const char *path)
{
	size_t i;

	for (i = watcher->len; i-- > 0; ) {
		if (strcmp(watcher->at[i].path, path) != 0 &&
		    !is_below(watcher->at[i].path, path))
			continue;
		(void)inotify_rm_watch(watcher->fd, watcher->at[i].wd);
		drop(watcher, &watcher->at[i]);
	}
}

static enum status
take_folder(struct watcher *watcher, struct spot *spot,
    const struct inotify_event *event)
{
	char *path = *spot->path == '\0' ? strdup(event->name) :
	    path_join(spot->path, event->name);
	enum status st = STATUS_OK;

	if (path == NULL)
		return status_no_memory();
	spot->dirt = DEEP;
	if ((event->mask & (IN_MOVED_FROM | IN_DELETE)) != 0)
		forget(watcher, path);
	else if ((event->mask & (IN_CREATE | IN_MOVED_TO)) != 0)
		st = watch(watcher, path);
	free(path);
	return st;
}

static enum status
take_event(struct watcher *watcher, const struct inotify_event *event)
{
	struct spot *spot;

	if ((event->mask & IN_Q_OVERFLOW) != 0) {
		watcher->overflowed = true;
		return watch(watcher, "");
	}
	if ((spot = find(watcher, event->wd)) == NULL)
		return STATUS_OK;
	if ((event->mask & IN_IGNORED) != 0) {
		drop(watcher, spot);
		return STATUS_OK;
	}
	if ((event->mask & IN_ISDIR) != 0 && event->len > 0)
		return take_folder(watcher, spot, event);
	if (spot->dirt == CLEAN)
		spot->dirt = FLAT;
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
	size_t i;

	for (i = 0; i < watcher->len; i++)
		if (watcher->at[i].dirt != CLEAN)
			return true;
	return watcher->overflowed;
}

/* Too much was done to be told of. */
static char *
take_all(struct watcher *watcher, bool *is_deep)
{
	size_t i;

	for (i = 0; i < watcher->len; i++)
		watcher->at[i].dirt = CLEAN;
	watcher->overflowed = false;
	*is_deep = true;
	return strdup("");
}

char *
watcher_take(struct watcher *watcher, bool *is_deep)
{
	struct spot *first = NULL, *spot;
	size_t i;

	if (watcher->overflowed)
		return take_all(watcher, is_deep);
	/* The shortest first: what lies below it may be done with it. */
	for (i = 0; i < watcher->len; i++) {
		spot = &watcher->at[i];
		if (spot->dirt != CLEAN && (first == NULL ||
		    strlen(spot->path) < strlen(first->path)))
			first = spot;
	}
	if (first == NULL)
		return NULL;
	*is_deep = first->dirt == DEEP;
	first->dirt = CLEAN;
	for (i = 0; i < watcher->len && *is_deep; i++)
		if (is_below(watcher->at[i].path, first->path))
			watcher->at[i].dirt = CLEAN;
	return strdup(first->path);
}
