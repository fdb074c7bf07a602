/*
 * beneath - openat2(2): the kernel resolves a path below a folder, and never
 * leaves it by "..", by a link or by a rename that happens meanwhile.
 */
#ifndef BENEATH_H
#define BENEATH_H

/*
 * Open `path` (relative) below `dir_fd` with `flags` of open(2); O_CLOEXEC is
 * added.  Links that stay below are followed.  -1 with errno: EXDEV or ELOOP
 * for what would lead out, ENOSYS before Linux 5.6.
 */
int beneath_open(int dir_fd, const char *path, int flags);

/* The same, but ELOOP if there is a symlink on the way. */
int beneath_open_direct(int dir_fd, const char *path, int flags);

#endif
