/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "beneath.h"
#include "own_locks.h"

#define BUFFER_SIZE	16384
#define LEVELS_MOST	(WALK_PATH_ROOM / 2)	/* names have a byte at least */

/* As getdents64(2) has it. */
struct raw_entry {
	uint64_t	 ino;
	int64_t		 next;		/* where to go on behind it */
	uint16_t	 length;	/* of this record */
	uint8_t		 type;
	char		 name[];
};

/* A folder on the way down. */
struct level {
	int		 fd;		/* owned; -1 while it is closed */
	dev_t		 dev;
	ino_t		 ino;
	int64_t		 next;		/* where to go on in it */
	size_t		 path_len;	/* of its path, from the start */
	struct stat	 st;
};

struct tree {
	struct place	 place;		/* root and own: owned */
	char		 path[2 * WALK_PATH_ROOM];	/* clean */
	size_t		 start_len;	/* of the start's path in it */
	struct tree_entry entry;
	bool		 begun;
	bool		 goes_in;	/* into the folder that was told */
	struct level	*levels;	/* owned */
	size_t		 depth, room;	/* of levels */
	size_t		 used, at;	/* in buffer, of the deepest level */
	_Alignas(struct raw_entry) char buffer[BUFFER_SIZE];
};

static enum status
copy_place(struct tree *tree, const struct place *place)
{
	tree->place = *place;
	tree->place.own = NULL;
	if ((tree->place.root = strdup(place->root)) == NULL)
		return STATUS_NO_MEMORY;
	if (place->own != NULL)
		tree->place.own = own_locks_ref(place->own);
	return STATUS_OK;
}

enum status
tree_begin(struct tree **out, const struct place *place, const char *path,
    bool follow)
{
	struct tree *tree;
	enum status st;

	*out = NULL;
	if ((tree = calloc(1, sizeof(*tree))) == NULL)
		return STATUS_NO_MEMORY;
	if ((st = copy_place(tree, place)) == STATUS_OK)
		st = follow ? walk_stat(&tree->entry.st, place, path) :
		    walk_lstat(&tree->entry.st, place, path);
	if (st != STATUS_OK) {
		tree_end(tree);
		return st;
	}
	tree->start_len = strlen(path);
	memcpy(tree->path, path, tree->start_len + 1);
	*out = tree;
	return STATUS_OK;
}

static struct level *
deepest(struct tree *tree)
{
	return &tree->levels[tree->depth - 1];
}

/* The path from the start; "/" as a start has no slash of its own behind it. */
static const char *
relative(const struct tree *tree)
{
	const char *path = tree->path + tree->start_len;

	return *path == '/' ? path + 1 : path;
}

static bool
is_of_level(const struct tree *tree, int fd, const struct level *level)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISDIR(st.st_mode) &&
	    st.st_dev == level->dev && st.st_ino == level->ino &&
	    !base_is_private(tree->place.base, st.st_dev, st.st_ino);
}

static bool
add_level(struct tree *tree)
{
	struct level *more;
	size_t room = tree->room * 2 + 8;

	if (tree->depth == LEVELS_MOST) {
		errno = ENAMETOOLONG;
		return false;
	}
	if (tree->depth < tree->room)
		return true;
	if ((more = realloc(tree->levels, room * sizeof(*more))) == NULL) {
		errno = ENOMEM;
		return false;
	}
	tree->levels = more;
	tree->room = room;
	return true;
}

/* Too many are open: close one that is needed last, but not the start. */
static void
close_surplus(struct tree *tree)
{
	struct level *level;

	if (tree->depth <= TREE_OPEN_MOST)
		return;
	level = &tree->levels[tree->depth - TREE_OPEN_MOST];
	if (level->fd != -1)
		close(level->fd);
	level->fd = -1;
}

static int
open_start(const struct tree *tree)
{
	struct folder folder;

	if (walk_folder(&folder, &tree->place, tree->path) != STATUS_OK) {
		errno = ENOENT;
		return -1;
	}
	return folder.fd;
}

/* Go into the folder that was told.  False if it cannot be read. */
static bool
go_in(struct tree *tree)
{
	struct level level = { .dev = tree->entry.st.st_dev,
	    .ino = tree->entry.st.st_ino, .path_len = strlen(tree->path),
	    .st = tree->entry.st };
	const char *name = strrchr(tree->path, '/') + 1;

	if (!add_level(tree))
		return false;
	level.fd = tree->depth == 0 ? open_start(tree) :
	    openat(deepest(tree)->fd, name, O_RDONLY | O_DIRECTORY |
	    O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (level.fd == -1)
		return false;
	if (!is_of_level(tree, level.fd, &level)) {
		close(level.fd);
		errno = ENOENT;
		return false;
	}
	tree->levels[tree->depth++] = level;
	tree->used = tree->at = 0;
	close_surplus(tree);
	return true;
}

/* Come back to the deepest level after another one was read. */
static bool
come_back(struct tree *tree)
{
	struct level *level = deepest(tree);

	if (level->fd == -1) {
		level->fd = beneath_open(tree->levels[0].fd, relative(tree),
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
		if (level->fd != -1 &&
		    !is_of_level(tree, level->fd, level)) {
			close(level->fd);
			level->fd = -1;
		}
	}
	return level->fd != -1 &&
	    lseek(level->fd, (off_t)level->next, SEEK_SET) != -1;
}

/* Leave the deepest folder; it is told once more. */
static void
go_out(struct tree *tree)
{
	struct level *level = deepest(tree);

	if (level->fd != -1)
		close(level->fd);
	tree->path[level->path_len] = '\0';
	tree->entry.st = level->st;
	tree->depth--;
	tree->entry.depth = (unsigned int)tree->depth;
	tree->entry.leaving = true;
	tree->entry.path = relative(tree);
	tree->used = tree->at = 0;
}

/* The next record of the deepest folder; NULL with `*error` 0 at the end. */
static const struct raw_entry *
next_raw(struct tree *tree, int *error)
{
	const struct raw_entry *raw;
	long n;

	*error = 0;
	if (tree->at == tree->used) {
		n = syscall(SYS_getdents64, deepest(tree)->fd, tree->buffer,
		    BUFFER_SIZE);
		if (n == -1 && errno != ENOENT)
			*error = errno;
		if (n <= 0)
			return NULL;
		tree->used = (size_t)n;
		tree->at = 0;
	}
	raw = (const struct raw_entry *)(const void *)
	    (tree->buffer + tree->at);
	tree->at += raw->length;
	deepest(tree)->next = raw->next;
	return raw;
}

/* Put the name behind the path.  False if that is longer than a path may be. */
static bool
append_name(struct tree *tree, const char *name)
{
	size_t len = deepest(tree)->path_len;

	if (len > 0 && tree->path[len - 1] == '/')
		len--;
	if (strlen(name) > 255 || len + 1 + strlen(name) >= WALK_PATH_ROOM)
		return false;
	tree->path[len++] = '/';
	memcpy(tree->path + len, name, strlen(name) + 1);
	return true;
}

/* Is there something of that name for users to see? */
static bool
look(struct tree *tree, const char *name, int *error)
{
	struct stat *st = &tree->entry.st;

	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
	    !append_name(tree, name))
		return false;
	if (fstatat(deepest(tree)->fd, name, st, AT_SYMLINK_NOFOLLOW) == -1) {
		if (errno != ENOENT)
			*error = errno;
		return false;
	}
	return !S_ISDIR(st->st_mode) ||
	    !base_is_private(tree->place.base, st->st_dev, st->st_ino);
}

/* What is next in the deepest folder, or the end of that. */
static enum status
tell_next(struct tree *tree)
{
	const struct raw_entry *raw;
	int error = 0;

	while ((raw = next_raw(tree, &error)) != NULL) {
		if (look(tree, raw->name, &error)) {
			tree->entry.depth = (unsigned int)tree->depth;
			tree->entry.leaving = false;
			tree->entry.path = relative(tree);
			tree->goes_in = S_ISDIR(tree->entry.st.st_mode);
			return STATUS_OK;
		}
		if (error != 0)
			break;
	}
	go_out(tree);
	errno = error;
	return error == 0 ? STATUS_OK : status_errno("%s", tree->path);
}

enum status
tree_next(struct tree *tree, const struct tree_entry **entry)
{
	enum status st;
	bool was_left = tree->entry.leaving;

	*entry = NULL;
	if (!tree->begun) {
		tree->begun = true;
		tree->goes_in = S_ISDIR(tree->entry.st.st_mode);
		tree->entry.path = relative(tree);
		*entry = &tree->entry;
		return STATUS_OK;
	}
	if (tree->goes_in) {
		tree->goes_in = false;
		/* One that is gone is told by no one; go on beside it. */
		if (!go_in(tree) && errno != ENOENT)
			return status_errno("%s", tree->path);
		was_left = false;
	}
	if (tree->depth == 0)
		return STATUS_OK;
	if (was_left) {
		tree->path[deepest(tree)->path_len] = '\0';
		if (!come_back(tree)) {
			go_out(tree);
			*entry = &tree->entry;
			return STATUS_OK;
		}
	}
	if ((st = tell_next(tree)) == STATUS_OK)
		*entry = &tree->entry;
	return st;
}

void
tree_skip(struct tree *tree)
{
	tree->goes_in = false;
}

const char *
tree_path(const struct tree *tree)
{
	return tree->path;
}

const struct place *
tree_place(const struct tree *tree)
{
	return &tree->place;
}

int
tree_folder(const struct tree *tree, const char **name)
{
	*name = strrchr(tree->path, '/') + 1;
	return tree->depth == 0 || tree->entry.leaving ? -1 :
	    tree->levels[tree->depth - 1].fd;
}

void
tree_end(struct tree *tree)
{
	if (tree == NULL)
		return;
	while (tree->depth > 0)
		go_out(tree);
	free((char *)(uintptr_t)tree->place.root);
	own_locks_unref(tree->place.own);
	free(tree->levels);
	free(tree);
}
