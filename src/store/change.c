/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "change.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "link_text.h"
#include "own_locks.h"
#include "quota.h"
#include "target.h"

#define MODE_BITS	0777
#define RACES_MOST	100	/* times that the name may come and go */

/* One name that is about to change. */
struct spot {
	const struct place *place;	/* borrowed */
	const char	*path;		/* borrowed; clean */
	struct folder	 folder;	/* owned; its parent */
	const char	*name;		/* in path */
};

static enum status
spot_open(struct spot *spot, const struct place *place, const char *path)
{
	spot->place = place;
	spot->path = path;
	return walk_parent(&spot->folder, &spot->name, place, path);
}

static enum status
spot_flush(const struct spot *spot)
{
	if (place_durability(spot->place) != DURABILITY_COMMIT)
		return STATUS_OK;
	return folder_flush(&spot->folder);
}

static enum status
refuse_own(const struct spot *spot)
{
	return status_set(STATUS_NOT_PERMITTED,
	    "%s: the name is the server's own", spot->path);
}

static bool
is_own(const struct spot *spot, const struct stat *st)
{
	return base_is_private(spot->place->base, st->st_dev, st->st_ino);
}

static enum status
make_folder(const struct spot *spot, const void *mode)
{
	const uint32_t *bits = mode;

	struct quota_hold hold;
	enum status st;

	st = quota_reserve(&hold, spot->place, spot->path, 0, 1);
	if (st != STATUS_OK)
		return st;
	if (mkdirat(spot->folder.fd, spot->name, *bits & MODE_BITS) == -1) {
		st = status_errno("%s", spot->path);
		quota_release(&hold);
		return st;
	}
	quota_settle(&hold, 0, 1);
	return STATUS_OK;
}

/* Is it there already, so that nothing is to be done? */
static bool
is_made(const struct spot *spot, const struct change_link *link)
{
	char there[WALK_PATH_ROOM];
	ssize_t n;

	if (link->if_absent)
		return false;
	n = readlinkat(spot->folder.fd, spot->name, there, sizeof(there));
	return n != -1 && (size_t)n == strlen(link->text) &&
	    memcmp(there, link->text, (size_t)n) == 0;
}

static enum status
make_link(const struct spot *spot, const void *detail)
{
	const struct change_link *link = detail;
	struct quota_hold hold;
	enum status st;

	st = quota_reserve(&hold, spot->place, spot->path, 0, 1);
	if ((st == STATUS_QUOTA || st == STATUS_TOO_LARGE) &&
	    is_made(spot, link))
		return STATUS_OK;
	if (st != STATUS_OK)
		return st;
	if (symlinkat(link->text, spot->folder.fd, spot->name) == 0) {
		quota_settle(&hold, 0, 1);
		return STATUS_OK;
	}
	st = status_errno("%s", spot->path);
	quota_release(&hold);
	return st == STATUS_EXISTS && is_made(spot, link) ? STATUS_OK : st;
}

static enum status
remove_folder(const struct spot *spot, const void *unused)
{
	struct quota_hold hold;
	struct stat st;

	(void)unused;
	if (fstatat(spot->folder.fd, spot->name, &st,
	    AT_SYMLINK_NOFOLLOW) == -1)
		return status_errno("%s", spot->path);
	if (is_own(spot, &st))
		return refuse_own(spot);
	quota_expect(&hold, spot->place, spot->path);
	if (unlinkat(spot->folder.fd, spot->name, AT_REMOVEDIR) == -1)
		return status_errno("%s", spot->path);
	quota_settle(&hold, 0, -1);
	return STATUS_OK;
}

static enum status
check_removal(const struct spot *spot, const struct target *target,
    const struct change_terms *terms)
{
	if (S_ISDIR(target->st.st_mode))
		return status_set(STATUS_IS_A_FOLDER, "%s: is a folder",
		    spot->path);
	if (!S_ISREG(target->st.st_mode) && !S_ISLNK(target->st.st_mode))
		return status_set(STATUS_NOT_A_FILE, "%s: not a regular file",
		    spot->path);
	if (terms->if_absent)
		return status_set(STATUS_EXISTS, "%s: exists already",
		    spot->path);
	if (terms->if_version)
		return target_expect(target, terms->version);
	return STATUS_OK;
}

static int64_t
content_size(const struct stat *st)
{
	return S_ISREG(st->st_mode) ? (int64_t)st->st_size : 0;
}

static enum status
remove_file(const struct spot *spot, const void *terms)
{
	struct quota_hold hold;
	struct target target;
	enum status st;

	quota_expect(&hold, spot->place, spot->path);
	st = target_hold(&target, spot->place, &spot->folder,
	    spot->name);
	if (st != STATUS_OK)
		return st;
	if ((st = check_removal(spot, &target, terms)) == STATUS_OK &&
	    unlinkat(spot->folder.fd, spot->name, 0) == -1)
		st = status_errno("%s", spot->path);
	if (st == STATUS_OK) {
		own_hold_removed(&target.hold);
		quota_settle(&hold, -content_size(&target.st), -1);
	}
	target_release(&target);
	return st;
}

/* A change to one name, while it is held. */
struct change {
	enum status	(*run)(const struct spot *spot, const void *detail);
	const void	*detail;
};

/* Closes the spot. */
static enum status
change_spot(struct spot *spot, struct names *names, struct change change)
{
	enum status st;

	st = names_hold(names, &spot->folder, spot->name, NULL, NULL);
	if (st == STATUS_OK) {
		st = change.run(spot, change.detail);
		names_release(names);
	}
	if (st == STATUS_OK)
		st = spot_flush(spot);
	folder_close(&spot->folder);
	return st;
}

static enum status
change_one(const struct place *place, struct names *names, const char *path,
    struct change change)
{
	struct spot spot;
	enum status st;

	if ((st = spot_open(&spot, place, path)) != STATUS_OK)
		return st;
	return change_spot(&spot, names, change);
}

enum status
change_mkdir(const struct place *place, struct names *names, const char *path,
    uint32_t mode)
{
	return change_one(place, names, path,
	    (struct change){ make_folder, &mode });
}

/* Of a link that is to stand there: nothing else is known of how deep. */
static enum status
check_link(const struct place *place, const char *path, const char *text)
{
	const char *inner = place_path(place, path);

	if (*inner == '\0' || link_text_stays(inner + 1, text))
		return STATUS_OK;
	return status_set(STATUS_BAD_PATH,
	    "%s: the link would lead out of the folder", path);
}

enum status
change_symlink(const struct place *place, struct names *names,
    const char *path, const struct change_link *link)
{
	struct spot spot = { .place = place, .path = path };
	enum status st;

	if ((st = check_link(place, path, link->text)) != STATUS_OK ||
	    (st = walk_parent_direct(&spot.folder, &spot.name, place,
	    path)) != STATUS_OK)
		return st;
	return change_spot(&spot, names, (struct change){ make_link, link });
}

enum status
change_rmdir(const struct place *place, struct names *names, const char *path)
{
	return change_one(place, names, path,
	    (struct change){ remove_folder, NULL });
}

enum status
change_rm(const struct place *place, struct names *names, const char *path,
    const struct change_terms *terms)
{
	return change_one(place, names, path,
	    (struct change){ remove_file, terms });
}

/* One rename. */
struct move {
	struct spot	 from;
	struct spot	 to;
	struct target	 source;
	const struct change_terms *terms;	/* borrowed */
};

static enum status
refuse_taken(const struct move *move)
{
	return status_set(STATUS_EXISTS, "%s: exists already", move->to.path);
}

static bool
is_same_folder(const struct folder *a, const struct folder *b)
{
	return a->ino == b->ino && a->dev == b->dev;
}

/*
 * Two names of one file.  On a file system that ignores case it is one name in
 * two spellings, and may change its spelling; rename(2) of two hard links would
 * say yes and do nothing.
 */
static enum status
move_to_itself(const struct move *move)
{
	const struct stat *st = &move->source.st;

	if (move->terms->refuse_taken)
		return refuse_taken(move);
	if (is_same_folder(&move->from.folder, &move->to.folder) &&
	    strcmp(move->from.name, move->to.name) == 0)
		return STATUS_OK;
	if (!S_ISDIR(st->st_mode) && st->st_nlink > 1)
		return status_set(STATUS_EXISTS,
		    "%s: is the same file by another name", move->to.path);
	if (renameat(move->from.folder.fd, move->from.name,
	    move->to.folder.fd, move->to.name) == -1)
		return status_errno("%s", move->to.path);
	return STATUS_OK;
}

/* STATUS_NOT_FOUND if there is nothing to replace any more. */
static enum status
move_over(struct move *move)
{
	const struct target_move rename = { move->from.folder.fd,
	    move->from.name, &move->to.folder, move->to.name };
	struct quota_hold hold;
	struct target taken;
	enum status st;
	struct stat now;

	if (fstatat(move->to.folder.fd, move->to.name, &now,
	    AT_SYMLINK_NOFOLLOW) == -1)
		return status_errno("%s", move->to.path);
	if (now.st_ino == move->source.st.st_ino &&
	    now.st_dev == move->source.st.st_dev)
		return move_to_itself(move);
	if (S_ISDIR(move->source.st.st_mode) || !S_ISREG(now.st_mode) ||
	    move->terms->refuse_taken)
		return refuse_taken(move);
	if (move->terms->deny_taken)
		return status_set(STATUS_NOT_PERMITTED,
		    "%s: exists already, and this user may not replace it",
		    move->to.path);
	quota_expect(&hold, move->to.place, move->to.path);
	st = target_hold(&taken, move->to.place, &move->to.folder,
	    move->to.name);
	if (st != STATUS_OK)
		return st;
	st = !S_ISREG(taken.st.st_mode) ? refuse_taken(move) :
	    target_replace(&taken, &move->source.hold, &rename);
	if (st == STATUS_OK)
		quota_settle(&hold, -content_size(&taken.st), -1);
	target_release(&taken);
	return st;
}

/* Is the folder that the link goes to as deep as its path says? */
static enum status
check_depth(const struct move *move)
{
	struct folder folder;
	enum status st;
	const char *name;

	st = walk_parent_direct(&folder, &name, move->to.place,
	    move->to.path);
	if (st != STATUS_OK)
		return st;
	if (!is_same_folder(&folder, &move->to.folder))
		st = status_set(STATUS_CHANGED, "%s: changes all the time",
		    move->to.path);
	folder_close(&folder);
	return st;
}

/* In its folder a link leads to where it led before. */
static enum status
check_moved_link(const struct move *move)
{
	char text[WALK_PATH_ROOM];
	enum status st;
	ssize_t n;

	if (is_same_folder(&move->from.folder, &move->to.folder))
		return STATUS_OK;
	n = readlinkat(move->from.folder.fd, move->from.name, text,
	    sizeof(text) - 1);
	if (n == -1)
		return status_errno("%s", move->from.path);
	text[n] = '\0';
	st = check_link(move->to.place, move->to.path, text);
	return st == STATUS_OK ? check_depth(move) : st;
}

static enum status
check_source(const struct move *move)
{
	const struct stat *st = &move->source.st;
	enum status error;

	if (S_ISDIR(st->st_mode) && is_own(&move->from, st))
		return refuse_own(&move->from);
	if (!S_ISDIR(st->st_mode) && !S_ISREG(st->st_mode) &&
	    !S_ISLNK(st->st_mode))
		return status_set(STATUS_NOT_A_FILE, "%s: not a regular file",
		    move->from.path);
	if (move->terms->if_version && (error = target_expect(&move->source,
	    move->terms->version)) != STATUS_OK)
		return error;
	return S_ISLNK(st->st_mode) ? check_moved_link(move) : STATUS_OK;
}

/* With both names and the source held. */
static enum status
move_held(struct move *move)
{
	enum status st;
	int races;

	if ((st = check_source(move)) != STATUS_OK)
		return st;
	for (races = 0; races < RACES_MOST; races++) {
		st = target_take_free(move->from.folder.fd, move->from.name,
		    &move->to.folder, move->to.name);
		if (st != STATUS_EXISTS)
			return st;
		if ((st = move_over(move)) != STATUS_NOT_FOUND)
			return st;
	}
	return status_set(STATUS_LOCKED, "%s: changes all the time",
	    move->to.path);
}

static enum status
move_names(struct move *move, struct names *names)
{
	enum status st;

	st = names_hold(names, &move->from.folder, move->from.name,
	    &move->to.folder, move->to.name);
	if (st != STATUS_OK)
		return st;
	st = target_hold(&move->source, move->from.place,
	    &move->from.folder, move->from.name);
	if (st == STATUS_OK) {
		st = move_held(move);
		target_release(&move->source);
	}
	names_release(names);
	return st;
}

/* The new name first: a crash between must not lose both. */
static enum status
move_flush(const struct move *move)
{
	enum status st;

	st = spot_flush(&move->to);
	if (st == STATUS_OK &&
	    !is_same_folder(&move->from.folder, &move->to.folder))
		st = spot_flush(&move->from);
	return st;
}

enum status
change_mv(const struct place *place, struct names *names, const char *path,
    const char *target, const struct change_terms *terms)
{
	struct move move = { .terms = terms };
	size_t len = strlen(path);
	enum status st;

	if ((st = spot_open(&move.from, place, path)) != STATUS_OK)
		return st;
	if (strncmp(target, path, len) == 0 && target[len] == '/')
		st = status_set(STATUS_BAD_REQUEST,
		    "%s: cannot be moved into itself", path);
	else if ((st = spot_open(&move.to, place, target)) == STATUS_OK) {
		st = move_names(&move, names);
		if (st == STATUS_OK) {
			own_locks_renamed(place, path, target);
			quota_moved(place, path, target);
			st = move_flush(&move);
		}
		folder_close(&move.to.folder);
	}
	folder_close(&move.from.folder);
	return st;
}
