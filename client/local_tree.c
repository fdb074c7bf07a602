/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "local_tree.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ft1.h"
#include "paths.h"

#define MODE_BITS	0777

/* A folder that is being read, and those above it. */
struct above {
	dev_t		 dev;
	ino_t		 ino;
	const struct above *next;
};

/* The folder is closed again before anything in it is looked at. */
static enum status
read_names(struct path_list *names, const char *folder)
{
	enum status st = STATUS_OK;
	struct dirent *entry;
	DIR *dir;

	if ((dir = opendir(folder)) == NULL)
		return status_errno("%s", folder);
	while (st == STATUS_OK && (entry = readdir(dir)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0)
			st = path_list_add(names, entry->d_name);
	closedir(dir);
	path_list_sort(names);
	return st;
}

static char
type_of(const struct stat *sb)
{
	return S_ISREG(sb->st_mode) ? 'f' : S_ISDIR(sb->st_mode) ? 'd' :
	    S_ISLNK(sb->st_mode) ? 'l' : 'o';
}

/* Takes over the path, also when there is no memory. */
static enum status
add_entry(struct local_tree *tree, char *path, const struct stat *sb)
{
	size_t room = tree->room * 2 + 64;
	struct local_entry *more;

	if (tree->len == tree->room) {
		more = realloc(tree->at, room * sizeof(*more));
		if (more == NULL) {
			free(path);
			return status_no_memory();
		}
		tree->at = more;
		tree->room = room;
	}
	tree->at[tree->len++] = (struct local_entry){ .path = path,
	    .type = type_of(sb), .is_folder = S_ISDIR(sb->st_mode),
	    .mode = sb->st_mode & MODE_BITS,
	    .mtime = { sb->st_mtim.tv_sec, (uint32_t)sb->st_mtim.tv_nsec },
	    .size = S_ISREG(sb->st_mode) ? (uint64_t)sb->st_size : 0 };
	return STATUS_OK;
}

static bool
is_in(const struct local_tree *tree, const char *path, const struct stat *sb)
{
	const struct tree_filter *filter;
	struct file_time mtime = { sb->st_mtim.tv_sec,
	    (uint32_t)sb->st_mtim.tv_nsec };

	if (tree->options == NULL)
		return true;
	filter = &tree->options->filter;
	return tree_filter_admits(filter, path, S_ISDIR(sb->st_mode)) &&
	    (!S_ISREG(sb->st_mode) ||
	    tree_filter_fits(filter, (uint64_t)sb->st_size, mtime));
}

/* One that is looked at: also what its text says, if it is a link. */
struct look {
	char		*full, *path;	/* owned */
	struct stat	 sb;
	const struct above *above;
};

static enum status read_folder(struct local_tree *tree, const char *folder,
    const char *prefix, const struct above *above);

/* Is it a folder that we are in already, by way of a link? */
static bool
leads_back(const struct look *look)
{
	const struct above *above;

	for (above = look->above; above != NULL; above = above->next)
		if (above->dev == look->sb.st_dev &&
		    above->ino == look->sb.st_ino)
			return true;
	return false;
}

/* Its path goes into the tree. */
static enum status
take(struct local_tree *tree, struct look *look)
{
	const struct above here = { look->sb.st_dev, look->sb.st_ino,
		look->above };
	char *path = look->path;
	enum status st;

	look->path = NULL;
	if ((st = add_entry(tree, path, &look->sb)) != STATUS_OK ||
	    !S_ISDIR(look->sb.st_mode) ||
	    (tree->options != NULL && tree->options->is_flat))
		return st;
	st = read_folder(tree, look->full, path, &here);
	if (st == STATUS_OK || st == STATUS_NO_MEMORY)
		return st;
	tally_fail(tree->tally, look->full, st);
	return STATUS_OK;
}

static enum status
take_link(struct local_tree *tree, struct look *look)
{
	char text[FT1_PATH_MAX + 1];
	ssize_t n = readlink(look->full, text, sizeof(text) - 1);
	enum status st;

	if (n == -1) {
		tally_fail(tree->tally, look->full,
		    status_errno("%s", look->full));
		return STATUS_OK;
	}
	text[n] = '\0';
	if ((st = take(tree, look)) != STATUS_OK)
		return st;
	tree->at[tree->len - 1].link = strdup(text);
	return tree->at[tree->len - 1].link == NULL ? status_no_memory() :
	    STATUS_OK;
}

/* What is below that name in the target is not known to be gone here. */
static enum status
leave(struct local_tree *tree, const struct look *look)
{
	return tree->options != NULL && tree->options->deletes ?
	    path_list_add(&tree->left, look->path) : STATUS_OK;
}

/* Only the lack of memory is a failure here; others are in the tally. */
static enum status
judge(struct local_tree *tree, struct look *look)
{
	const struct tree_options *options = tree->options;
	const char *full = look->full;
	mode_t mode = look->sb.st_mode;

	if (!is_in(tree, look->path, &look->sb))
		return leave(tree, look);	/* not told: as asked for */
	if (tree->lists_all)
		return take(tree, look);
	if (S_ISLNK(mode) && options != NULL && options->keeps_links)
		return take_link(tree, look);
	if (S_ISLNK(mode))
		tally_skip(tree->settings, full, "is a symbolic link");
	else if (!S_ISREG(mode) && !S_ISDIR(mode))
		tally_fail(tree->tally, full, status_set(STATUS_NOT_A_FILE,
		    "%s: neither a file nor a folder", full));
	else if (S_ISDIR(mode) && leads_back(look))
		tally_fail(tree->tally, full, status_set(STATUS_NOT_A_FILE,
		    "%s: leads back to a folder above it", full));
	else
		return take(tree, look);
	return leave(tree, look);
}

static enum status
look_at(struct local_tree *tree, struct look *look)
{
	const struct tree_options *options = tree->options;
	enum status st;

	if (look->full == NULL || look->path == NULL)
		return status_no_memory();
	if (options != NULL && options->deletes &&
	    (st = path_list_add(&tree->seen, look->path)) != STATUS_OK)
		return st;
	if ((options != NULL && options->follows ?
	    stat(look->full, &look->sb) : lstat(look->full, &look->sb)) == 0)
		return judge(tree, look);
	if (options == NULL ||
	    tree_filter_admits(&options->filter, look->path, false))
		tally_fail(tree->tally, look->full,
		    status_errno("%s", look->full));
	return STATUS_OK;
}

static enum status
read_folder(struct local_tree *tree, const char *folder, const char *prefix,
    const struct above *above)
{
	struct path_list names = { 0 };
	struct look look;
	enum status st;
	size_t i;

	st = read_names(&names, folder);
	for (i = 0; i < names.len && st == STATUS_OK; i++) {
		look = (struct look){ .above = above,
		    .full = path_join(folder, names.at[i]),
		    .path = prefix == NULL ? strdup(names.at[i]) :
		    path_join(prefix, names.at[i]) };
		st = look_at(tree, &look);
		free(look.full);
		free(look.path);
	}
	path_list_clear(&names);
	return st;
}

static enum status
read_top(struct local_tree *tree, const char *folder)
{
	struct above here = { 0 };
	enum status st;
	struct stat sb;

	if (stat(folder, &sb) == -1)
		return status_errno("%s", folder);
	if (!S_ISDIR(sb.st_mode))
		return status_set(STATUS_NOT_A_FOLDER, "%s: not a folder",
		    folder);
	here.dev = sb.st_dev;
	here.ino = sb.st_ino;
	tree->mode = sb.st_mode & MODE_BITS;
	st = read_folder(tree, folder, NULL, &here);
	path_list_sort(&tree->seen);
	path_list_sort(&tree->left);
	return st;
}

enum status
local_tree_read(struct local_tree *out, const char *folder,
    const struct command_line *settings, struct tally *tally,
    const struct tree_options *options)
{
	memset(out, 0, sizeof(*out));
	out->settings = settings;
	out->options = options;
	out->tally = tally;
	return read_top(out, folder);
}

enum status
local_tree_list(struct local_tree *out, const char *folder,
    const struct command_line *settings, struct tally *tally,
    const struct tree_options *options)
{
	memset(out, 0, sizeof(*out));
	out->settings = settings;
	out->options = options;
	out->tally = tally;
	out->lists_all = true;
	return read_top(out, folder);
}

void
local_tree_clear(struct local_tree *tree)
{
	while (tree->len > 0) {
		free(tree->at[--tree->len].path);
		free(tree->at[tree->len].link);
	}
	free(tree->at);
	tree->at = NULL;
	tree->room = 0;
	path_list_clear(&tree->seen);
	path_list_clear(&tree->left);
}
