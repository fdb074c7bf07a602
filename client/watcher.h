/*
 * watcher - which folders, of one of this machine and all below it, something
 * has been done in.
 *
 *	watcher_new, { watcher_read, watcher_take ... } ..., watcher_free
 */
#ifndef WATCHER_H
#define WATCHER_H

#include <stdbool.h>

#include "status.h"

struct watcher;

/*
 * Begin to watch.  A failure is about the topmost folder, or says that the
 * system does not let so many be watched.
 */
enum status watcher_new(struct watcher **out, const char *top);

/* watcher_free(NULL) does nothing. */
void watcher_free(struct watcher *watcher);

/* Can be read when something was done. */
int watcher_fd(const struct watcher *watcher);

/* Note all that was done; new folders are watched from here on. */
enum status watcher_read(struct watcher *watcher);

/* Something in it that was noted, and not taken. */
bool watcher_is_dirty(const struct watcher *watcher);

/*
 * The next folder in which something was done, seen from the top (which is
 * ""), or NULL; to be freed.  `*is_deep`: with all below it, as folders have
 * come or gone there, or too much was done to be told of.  What was taken so
 * stands for all that is noted below it.
 */
char *watcher_take(struct watcher *watcher, bool *is_deep);

#endif
