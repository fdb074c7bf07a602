/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "walk.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "beneath.h"

#define LINKS_MOST	40	/* as the kernel has it */
#define RACES_MOST	100	/* times that somebody else may swap a name */

/* One walk from a user's root. */
struct walk {
	const struct place *place;	/* borrowed */
	const char	*path;		/* borrowed; clean, for error texts */
	int		 root_fd;	/* owned unless it is the base's */
	int		 access;	/* how a file is opened */
	bool		 is_direct;	/* by no symlink */
};

/* Where a path ends once all links are followed. */
struct spot {
	struct folder	 folder;	/* the parent; itself if name is "" */
	char		 name[NAME_MAX + 1];
	struct stat	 st;		/* never of a symlink */
};

static enum status
walk_error(const struct walk *walk)
{
	if (errno == EXDEV)
		return status_set(STATUS_NOT_PERMITTED,
		    "%s: leads out of your folder", walk->path);
	if (errno == ELOOP && walk->is_direct)
		return status_set(STATUS_NOT_PERMITTED,
		    "%s: a symbolic link is on the way there", walk->path);
	return status_errno("%s", walk->path);
}

static enum status
hide(const struct walk *walk)
{
	errno = ENOENT;
	return walk_error(walk);
}

/* The clean path as openat2 wants it: seen from the root. */
static const char *
from_root(const struct place *place, const char *path)
{
	path = place_path(place, path);
	return path[0] == '\0' || path[1] == '\0' ? "." : path + 1;
}

static bool
is_root(const struct place *place, const char *path)
{
	return strcmp(from_root(place, path), ".") == 0;
}

/* Is the root the base itself, in which its own folder lies? */
static bool
is_top(const struct place *place)
{
	return place->root[0] == '\0' || strcmp(place->root, ".") == 0;
}

/* Does the clean path begin with the name of the base's own folder? */
static bool
is_reserved(const struct place *place, const char *path)
{
	const char *name = from_root(place, path);
	size_t len = strlen(BASE_PRIVATE);

	return is_top(place) && strncasecmp(name, BASE_PRIVATE, len) == 0 &&
	    (name[len] == '/' || name[len] == '\0');
}

static enum status
walk_begin(struct walk *walk, const struct place *place, const char *path)
{
	walk->place = place;
	walk->path = path;
	walk->access = O_RDONLY;
	walk->is_direct = false;
	walk->root_fd = base_fd(place->base);
	if (place->root[0] == '\0')
		return STATUS_OK;
	walk->root_fd = beneath_open(walk->root_fd, place->root,
	    O_PATH | O_DIRECTORY);
	if (walk->root_fd != -1)
		return STATUS_OK;
	if (errno == ENOENT || errno == ENOTDIR || errno == EXDEV)
		return status_set(STATUS_NOT_FOUND,
		    "your folder is missing on the server");
	return status_errno("your folder on the server");
}

static void
walk_end(struct walk *walk)
{
	if (walk->root_fd != -1 && walk->root_fd != base_fd(walk->place->base))
		close(walk->root_fd);
	walk->root_fd = -1;
}

/*
 * Links of the administrator, and only these, may lead into the stage of a
 * folder that is received.  The way back up tells; if it cannot be told, yes.
 */
static bool
is_within_private(const struct walk *walk, int fd)
{
	const int flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
	struct stat st, top;
	int at = openat(fd, ".", flags), up, steps;
	bool is_outside = false;

	if (fstat(base_fd(walk->place->base), &top) == -1)
		top.st_ino = 0;
	for (steps = 0; at != -1 && steps < WALK_PATH_ROOM / 2; steps++) {
		if (fstat(at, &st) == -1 ||
		    base_is_private(walk->place->base, st.st_dev, st.st_ino))
			break;
		is_outside = st.st_ino == top.st_ino &&
		    st.st_dev == top.st_dev;
		if (is_outside)
			break;
		up = openat(at, "..", flags);
		close(at);
		at = up;
	}
	if (at != -1)
		close(at);
	return !is_outside;
}

/*
 * Open the folder at `path`, which is seen from the root and may have links
 * and "..", unless it is one of the base's own.
 */
static enum status
open_folder(const struct walk *walk, struct folder *out, const char *path,
    int flags)
{
	struct stat st;

	bool is_sure = is_top(walk->place) &&
	    strcasestr(path, BASE_PRIVATE) == NULL;

	out->fd = is_sure ? beneath_open_direct(walk->root_fd, path,
	    flags | O_DIRECTORY) : -1;
	if (!is_sure || (out->fd == -1 && errno == ELOOP)) {
		is_sure = !is_top(walk->place);
		out->fd = (walk->is_direct ? beneath_open_direct :
		    beneath_open)(walk->root_fd, path, flags | O_DIRECTORY);
	}
	if (out->fd == -1)
		return walk_error(walk);
	if (fstat(out->fd, &st) == -1) {
		folder_close(out);
		return walk_error(walk);
	}
	if (base_is_private(walk->place->base, st.st_dev, st.st_ino) ||
	    (!is_sure && is_within_private(walk, out->fd))) {
		folder_close(out);
		return hide(walk);
	}
	out->dev = st.st_dev;
	out->ino = st.st_ino;
	return STATUS_OK;
}

enum status
walk_folder(struct folder *out, const struct place *place, const char *path)
{
	struct walk walk;
	enum status st;

	out->fd = -1;
	if ((st = walk_begin(&walk, place, path)) != STATUS_OK)
		return st;
	st = is_reserved(place, path) ? hide(&walk) :
	    open_folder(&walk, out, from_root(place, path), O_RDONLY);
	walk_end(&walk);
	return st;
}

void
folder_close(struct folder *folder)
{
	int error = errno;

	if (folder->fd != -1)
		close(folder->fd);
	folder->fd = -1;
	errno = error;
}

enum status
folder_flush(const struct folder *folder)
{
	/* EINVAL: a file system that has nothing to flush for a folder. */
	if (fsync(folder->fd) == -1 && errno != EINVAL)
		return status_errno("flush the folder");
	return STATUS_OK;
}

/* Open the folder above the clean path; `*name` points into that. */
static enum status
open_parent(const struct walk *walk, struct folder *out, const char **name,
    int flags)
{
	const char *path = from_root(walk->place, walk->path);
	const char *slash = strrchr(path, '/');
	char parent[WALK_PATH_ROOM] = ".";

	if (slash == NULL)
		*name = path;
	else {
		memcpy(parent, path, (size_t)(slash - path));
		parent[slash - path] = '\0';
		*name = slash + 1;
	}
	return open_folder(walk, out, parent, flags);
}

static enum status
walk_to_parent(struct folder *out, const char **name,
    const struct place *place, const char *path, bool is_direct)
{
	struct walk walk;
	enum status st;

	out->fd = -1;
	if (is_root(place, path))
		return status_set(STATUS_NOT_PERMITTED,
		    "%s: the folder itself stays as it is", path);
	if ((st = walk_begin(&walk, place, path)) != STATUS_OK)
		return st;
	walk.is_direct = is_direct;
	if (is_reserved(place, path) &&
	    strchr(from_root(place, path), '/') != NULL)
		st = hide(&walk);
	else
		st = open_parent(&walk, out, name, O_RDONLY);
	walk_end(&walk);
	if (st == STATUS_OK &&
	    base_owns_name(place->base, out->dev, out->ino, *name)) {
		folder_close(out);
		st = status_set(STATUS_NOT_PERMITTED,
		    "%s: the name is the server's own", path);
	}
	return st;
}

enum status
walk_parent(struct folder *out, const char **name, const struct place *place,
    const char *path)
{
	return walk_to_parent(out, name, place, path, false);
}

enum status
walk_parent_direct(struct folder *out, const char **name,
    const struct place *place, const char *path)
{
	return walk_to_parent(out, name, place, path, true);
}

/*
 * Split off the last component of `text`.  False if that is none that can
 * stand in a folder: then the whole must be a folder.
 */
static bool
split_last(char *text, char **name)
{
	char *slash = strrchr(text, '/');

	*name = slash == NULL ? text : slash + 1;
	if (**name == '\0' || strcmp(*name, ".") == 0 ||
	    strcmp(*name, "..") == 0 || strlen(*name) > NAME_MAX)
		return false;
	if (slash != NULL)
		*slash = '\0';
	return true;
}

/* Put the text of the link at the spot behind the folder it is seen from. */
static bool
follow(const struct spot *spot, char text[PATH_MAX], const char *parent)
{
	char link[PATH_MAX];
	char whole[PATH_MAX];
	ssize_t n;

	n = readlinkat(spot->folder.fd, spot->name, link, sizeof(link) - 1);
	if (n == -1)
		return false;
	link[n] = '\0';
	if (link[0] == '/') {
		errno = EXDEV;
		return false;
	}
	if (strlen(parent) + 1 + (size_t)n >= sizeof(whole)) {
		errno = ENAMETOOLONG;
		return false;
	}
	snprintf(whole, sizeof(whole), "%.*s/%.*s", (int)strlen(parent),
	    parent, (int)n, link);
	memcpy(text, whole, sizeof(whole));
	return true;
}

/* One component further.  `*again`: it was a link, and `text` is where to. */
static enum status
step(const struct walk *walk, struct spot *spot, char text[PATH_MAX],
    bool *again)
{
	enum status st;
	char *name;

	*again = false;
	spot->name[0] = '\0';
	if (!split_last(text, &name)) {
		st = open_folder(walk, &spot->folder, text, O_PATH);
		if (st == STATUS_OK && fstat(spot->folder.fd, &spot->st) == -1)
			st = walk_error(walk);
		return st;
	}
	memcpy(spot->name, name, strlen(name) + 1);
	st = open_folder(walk, &spot->folder, name == text ? "." : text,
	    O_PATH);
	if (st != STATUS_OK)
		return st;
	if (fstatat(spot->folder.fd, spot->name, &spot->st,
	    AT_SYMLINK_NOFOLLOW) == -1)
		return walk_error(walk);
	*again = S_ISLNK(spot->st.st_mode);
	if (*again && !follow(spot, text, name == text ? "." : text))
		return walk_error(walk);
	return STATUS_OK;
}

/*
 * Find where the path ends.  Links at the last component are followed here,
 * one by one, so that the folder in which the file stands is known and checked:
 * a link must not lead into the base's own.
 */
static enum status
find_spot(const struct walk *walk, struct spot *spot)
{
	enum status st = STATUS_OK;
	char text[PATH_MAX];
	bool again = true;
	int links;

	snprintf(text, sizeof(text), "%s", from_root(walk->place, walk->path));
	spot->folder.fd = -1;
	for (links = 0; again && st == STATUS_OK; links++) {
		folder_close(&spot->folder);
		if (links > LINKS_MOST) {
			errno = ELOOP;
			return walk_error(walk);
		}
		st = step(walk, spot, text, &again);
	}
	if (st == STATUS_OK && base_is_private(walk->place->base,
	    spot->st.st_dev, spot->st.st_ino))
		st = hide(walk);
	if (st != STATUS_OK)
		folder_close(&spot->folder);
	return st;
}

/*
 * Open the file that has been looked at.  Should a FIFO have taken its place,
 * O_NONBLOCK keeps the open from hanging; a device that was swapped in (only a
 * local user who may make one could) would be opened for a moment.
 */
static enum status
open_spot(const struct walk *walk, const struct spot *spot, int *fd,
    struct stat *st)
{
	if (S_ISDIR(spot->st.st_mode))
		return status_set(STATUS_IS_A_FOLDER, "%s: is a folder",
		    walk->path);
	if (!S_ISREG(spot->st.st_mode))
		return status_set(STATUS_NOT_A_FILE, "%s: not a regular file",
		    walk->path);
	*fd = openat(spot->folder.fd, spot->name,
	    walk->access | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC);
	if (*fd == -1)
		return walk_error(walk);
	if (fstat(*fd, st) == 0 && S_ISREG(st->st_mode) &&
	    st->st_ino == spot->st.st_ino && st->st_dev == spot->st.st_dev)
		return STATUS_OK;
	close(*fd);
	*fd = -1;
	return status_set(STATUS_CHANGED, "%s: changes all the time",
	    walk->path);
}

static enum status
walk_to_file(int *fd, struct stat *st, const struct place *place,
    const char *path, int access)
{
	struct walk walk;
	struct spot spot;
	enum status found;
	int races;

	*fd = -1;
	if ((found = walk_begin(&walk, place, path)) != STATUS_OK)
		return found;
	walk.access = access;
	if (is_reserved(place, path))
		found = hide(&walk);
	else
		found = STATUS_CHANGED;
	for (races = 0; found == STATUS_CHANGED && races < RACES_MOST;
	    races++) {
		if ((found = find_spot(&walk, &spot)) == STATUS_OK) {
			found = open_spot(&walk, &spot, fd, st);
			folder_close(&spot.folder);
		}
	}
	walk_end(&walk);
	return found;
}

enum status
walk_file(int *fd, struct stat *st, const struct place *place,
    const char *path)
{
	return walk_to_file(fd, st, place, path, O_RDONLY);
}

enum status
walk_file_to_write(int *fd, struct stat *st, const struct place *place,
    const char *path)
{
	return walk_to_file(fd, st, place, path, O_RDWR);
}

enum status
walk_stat(struct stat *st, const struct place *place, const char *path)
{
	struct walk walk;
	struct spot spot;
	enum status found;

	if ((found = walk_begin(&walk, place, path)) != STATUS_OK)
		return found;
	found = is_reserved(place, path) ? hide(&walk) :
	    find_spot(&walk, &spot);
	if (found == STATUS_OK) {
		*st = spot.st;
		folder_close(&spot.folder);
	}
	walk_end(&walk);
	return found;
}

enum status
walk_lstat(struct stat *st, const struct place *place, const char *path)
{
	struct walk walk;
	struct folder folder;
	enum status found;
	const char *name;

	if (is_root(place, path))
		return walk_stat(st, place, path);
	if ((found = walk_begin(&walk, place, path)) != STATUS_OK)
		return found;
	found = is_reserved(place, path) ? hide(&walk) :
	    open_parent(&walk, &folder, &name, O_PATH);
	if (found == STATUS_OK) {
		if (fstatat(folder.fd, name, st, AT_SYMLINK_NOFOLLOW) == -1)
			found = walk_error(&walk);
		else if (base_is_private(place->base, st->st_dev, st->st_ino))
			found = hide(&walk);
		folder_close(&folder);
	}
	walk_end(&walk);
	return found;
}
