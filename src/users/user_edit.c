/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "user_edit.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "password.h"

#define POLL_MS_MIN 10
#define POLL_MS_MAX 250

struct user_edit {
	char		*path;		/* owned; no symbolic link at its end */
	char		*spare;		/* owned; room for a path beside it */
	size_t		 spare_size;
	int		 lock_fd;	/* owned; -1 when closed */
	struct stat	 sb;		/* of the file that was read */
	bool		 is_new;	/* there was none */
	bool		 is_changed;
	char		*bytes;		/* owned */
	size_t		 len;
	struct users	*users;		/* one reference; parsed from bytes */
};

static const char *
beside(struct user_edit *e, const char *suffix)
{
	snprintf(e->spare, e->spare_size, "%s%s", e->path, suffix);
	return e->spare;
}

static void
sleep_ms(unsigned int ms)
{
	struct timespec t = { .tv_sec = ms / 1000,
	    .tv_nsec = (long)(ms % 1000) * 1000000 };

	nanosleep(&t, NULL);
}

/*
 * Polled, for a blocking lock knows no deadline.  Locks of open file
 * descriptions hold between the threads of one process, too.
 */
static enum status
take_lock(struct user_edit *e, unsigned int wait_ms)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	const char *path = beside(e, ".lock");
	uint64_t deadline = clock_ms() + wait_ms;
	unsigned int pause = POLL_MS_MIN;

	e->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW |
	    O_NONBLOCK | O_NOCTTY, 0600);
	if (e->lock_fd == -1)
		return status_errno("%s", path);
	while (fcntl(e->lock_fd, F_OFD_SETLK, &lock) == -1) {
		if (errno != EAGAIN && errno != EACCES && errno != EINTR)
			return status_errno("lock %s", path);
		if (clock_ms() >= deadline)
			return status_set(STATUS_LOCKED, "%s: somebody else is "
			    "changing the users, try again later", path);
		sleep_ms(pause);
		pause = pause * 2 < POLL_MS_MAX ? pause * 2 : POLL_MS_MAX;
	}
	return STATUS_OK;
}

static enum status
read_file(struct user_edit *e, bool create)
{
	enum status st;

	st = users_read_bytes(&e->bytes, &e->len, &e->sb, e->path);
	if (st == STATUS_NOT_FOUND && create) {
		e->is_new = true;
		e->sb.st_mode = S_IFREG | 0640;
		e->bytes = strdup("# Who may log in: ftserver-users(5).  "
		    "Change it with ftuser(8).\n");
		if (e->bytes == NULL)
			return status_errno("%s", e->path);
		e->len = strlen(e->bytes);
		st = STATUS_OK;
	}
	if (st != STATUS_OK)
		return st;
	return users_parse(&e->users, e->bytes, e->len, e->path, NULL);
}

/* The file itself is replaced, not a link to it. */
static enum status
set_path(struct user_edit *e, const char *path)
{
	e->path = realpath(path, NULL);
	if (e->path == NULL && errno == ENOENT)
		e->path = strdup(path);
	if (e->path == NULL)
		return status_errno("%s", path);
	e->spare_size = strlen(e->path) + sizeof(".lock");
	if ((e->spare = malloc(e->spare_size)) == NULL)
		return status_errno("%s", path);
	return STATUS_OK;
}

enum status
user_edit_begin(struct user_edit **out, const char *path, bool create,
    unsigned int wait_ms)
{
	struct user_edit *e;
	enum status st;

	*out = NULL;
	if ((e = calloc(1, sizeof(*e))) == NULL)
		return status_errno("%s", path);
	e->lock_fd = -1;
	if ((st = set_path(e, path)) != STATUS_OK ||
	    (st = take_lock(e, wait_ms)) != STATUS_OK ||
	    (st = read_file(e, create)) != STATUS_OK) {
		user_edit_abort(e);
		return st;
	}
	*out = e;
	return STATUS_OK;
}

const struct users *
user_edit_users(const struct user_edit *e)
{
	return e->users;
}

enum status
user_edit_line(struct user_line *out, const struct user_edit *e,
    const struct user *user)
{
	return user_line_parse(out, e->bytes + user->line_at, user->line_len);
}

enum status
user_edit_replace(struct user_edit *e, const struct user *user,
    const char *text)
{
	size_t at = user != NULL ? user->line_at : e->len;
	/* With its newline, which every line has: it was parsed. */
	size_t gone = user != NULL ? user->line_len + 1 : 0;
	size_t added = strlen(text), len = e->len - gone + added;
	struct users *users;
	enum status st;
	char *bytes;

	if ((bytes = malloc(len + 1)) == NULL)
		return status_errno("%s", e->path);
	memcpy(bytes, e->bytes, at);
	memcpy(bytes + at, text, added);
	memcpy(bytes + at + added, e->bytes + at + gone, e->len - at - gone);
	st = users_parse(&users, bytes, len, e->path, NULL);
	if (st != STATUS_OK) {
		free(bytes);
		return st;
	}
	users_unref(e->users);
	free(e->bytes);
	e->users = users;
	e->bytes = bytes;
	e->len = len;
	e->is_changed = true;
	return STATUS_OK;
}

static enum status
write_all(int fd, const char *bytes, size_t len)
{
	ssize_t n;

	while (len > 0) {
		n = write(fd, bytes, len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return status_errno("write");
		bytes += n;
		len -= (size_t)n;
	}
	return STATUS_OK;
}

static enum status
fill_new_file(const struct user_edit *e, int fd)
{
	struct stat sb;
	enum status st;

	if (fstat(fd, &sb) == -1)
		return status_errno("%s", e->path);
	if (!e->is_new &&
	    (sb.st_uid != e->sb.st_uid || sb.st_gid != e->sb.st_gid) &&
	    fchown(fd, e->sb.st_uid, e->sb.st_gid) == -1)
		return status_errno("%s: give the new file to the owner of "
		    "the old one", e->path);
	if (fchmod(fd, e->sb.st_mode & 07777) == -1)
		return status_errno("%s", e->path);
	if ((st = write_all(fd, e->bytes, e->len)) != STATUS_OK)
		return st;
	if (fsync(fd) == -1)
		return status_errno("%s: flush", e->path);
	return STATUS_OK;
}

/* Not all who edit take the lock: an editor does not. */
static enum status
check_unchanged(const struct user_edit *e)
{
	struct stat sb;
	bool is_there = lstat(e->path, &sb) == 0;

	if (is_there == e->is_new || (is_there && (sb.st_ino != e->sb.st_ino ||
	    sb.st_size != e->sb.st_size ||
	    sb.st_mtim.tv_sec != e->sb.st_mtim.tv_sec ||
	    sb.st_mtim.tv_nsec != e->sb.st_mtim.tv_nsec)))
		return status_set(STATUS_CHANGED, "%s: somebody changed it "
		    "meanwhile; nothing was done, try again", e->path);
	return STATUS_OK;
}

static enum status
flush_folder(struct user_edit *e)
{
	enum status st = STATUS_OK;
	char *slash;
	int fd;

	snprintf(e->spare, e->spare_size, "%s", e->path);
	if ((slash = strrchr(e->spare, '/')) == NULL)
		strcpy(e->spare, ".");
	else
		slash[slash == e->spare] = '\0';
	fd = open(e->spare, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1 || fsync(fd) == -1)
		st = status_errno("%s: flush", e->spare);
	if (fd != -1)
		close(fd);
	return st;
}

static enum status
put_in_place(struct user_edit *e)
{
	const char *stage = beside(e, ".new");
	enum status st;
	int fd;

	/* Left by a crash, for we hold the lock. */
	if (unlink(stage) == -1 && errno != ENOENT)
		return status_errno("%s", stage);
	fd = open(stage, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd == -1)
		return status_errno("%s", stage);
	st = fill_new_file(e, fd);
	if (close(fd) == -1 && st == STATUS_OK)
		st = status_errno("%s", stage);
	if (st == STATUS_OK)
		st = check_unchanged(e);
	if (st == STATUS_OK && rename(stage, e->path) == -1)
		st = status_errno("%s", e->path);
	if (st != STATUS_OK) {
		unlink(stage);
		return st;
	}
	return flush_folder(e);
}

enum status
user_edit_commit(struct user_edit *e)
{
	enum status st = STATUS_OK;

	if (e->is_changed)
		st = put_in_place(e);
	user_edit_abort(e);
	return st;
}

void
user_edit_abort(struct user_edit *e)
{
	if (e == NULL)
		return;
	users_unref(e->users);
	free(e->bytes);
	free(e->spare);
	free(e->path);
	if (e->lock_fd != -1)
		close(e->lock_fd);	/* and with it the lock */
	free(e);
}

enum status
user_edit_renew_hash(const struct user_renewal *r)
{
	char text[USER_LINE_MAX + 2];
	struct user_line line;
	struct user_edit *e;
	const struct user *user;
	enum status st;

	if ((st = user_edit_begin(&e, r->path, false, r->wait_ms)) != STATUS_OK)
		return st;
	user = users_find(e->users, r->name, strlen(r->name));
	if (user == NULL ||
	    memcmp(user->digest, r->digest, USER_DIGEST_LEN) != 0) {
		user_edit_abort(e);
		return status_set(STATUS_CHANGED,
		    "%s: the user's line was changed meanwhile", r->path);
	}
	if (!password_hash_is_foreign(user->hash)) {
		user_edit_abort(e);
		return status_set(STATUS_NOT_PERMITTED,
		    "%s: the user's hash is argon2id already", r->path);
	}
	st = user_edit_line(&line, e, user);
	if (st == STATUS_OK)
		st = user_line_change(text, &line, r->hash, NULL, 0);
	user_line_free(&line);
	if (st == STATUS_OK)
		st = user_edit_replace(e, user, text);
	if (st != STATUS_OK) {
		user_edit_abort(e);
		return st;
	}
	return user_edit_commit(e);
}
