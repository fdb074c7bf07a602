/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "store_support.h"

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "stage.h"

#define NOBODY 65534

void
store_open(struct store *store, enum durability durability)
{
	umask(022);
	strcpy(store->path, "/tmp/ft-store-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(store->path));
	ck_assert_int_eq(base_open(&store->base, "test", store->path,
	    durability), STATUS_OK);
	ck_assert_int_eq(names_open(&store->names, store->base), STATUS_OK);
	store->place = (struct place){ .base = store->base, .root = "" };
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void
store_close(struct store *store)
{
	names_close(store->names);
	base_close(store->base);
	ck_assert_int_eq(nftw(store->path, remove_one, 16,
	    FTW_DEPTH | FTW_PHYS), 0);
}

void
store_put(const struct store *store, const char *name, const char *text)
{
	int fd;

	fd = openat(base_fd(store->base), name,
	    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(write(fd, text, strlen(text)),
	    (ssize_t)strlen(text));
	ck_assert_int_eq(close(fd), 0);
}

bool
store_has(const struct store *store, const char *name, const char *text)
{
	char buf[256];
	ssize_t n;
	int fd;

	fd = openat(base_fd(store->base), name, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return false;
	n = read(fd, buf, sizeof(buf));
	close(fd);
	return n == (ssize_t)strlen(text) && memcmp(buf, text, (size_t)n) == 0;
}

bool
store_lacks(const struct store *store, const char *name)
{
	struct stat st;

	return fstatat(base_fd(store->base), name, &st,
	    AT_SYMLINK_NOFOLLOW) == -1;
}

void
store_mkdir(const struct store *store, const char *name)
{
	ck_assert_int_eq(mkdirat(base_fd(store->base), name, 0755), 0);
}

void
store_link(const struct store *store, const char *text, const char *name)
{
	ck_assert_int_eq(symlinkat(text, base_fd(store->base), name), 0);
}

mode_t
store_mode(const struct store *store, const char *name)
{
	struct stat st;

	ck_assert_int_eq(fstatat(base_fd(store->base), name, &st, 0), 0);
	return st.st_mode & 07777;
}

static int
count_ids(int fd)
{
	struct dirent *entry;
	int count = 0;
	DIR *dir;

	dir = fdopendir(openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	ck_assert_ptr_nonnull(dir);
	while ((entry = readdir(dir)) != NULL)
		count += stage_is_name(entry->d_name);
	closedir(dir);
	return count;
}

int
store_stages(const struct store *store)
{
	return count_ids(base_stage_fd(store->base));
}

int
store_records(const struct store *store)
{
	return count_ids(base_uploads_fd(store->base));
}

void
digest_of(uint8_t out[DIGEST_SIZE], const void *bytes, size_t len)
{
	struct digest *digest = digest_begin(0);

	ck_assert_ptr_nonnull(digest);
	digest_update(digest, bytes, len);
	digest_end(digest, out);
}

struct upload *
store_begin(const struct store *store, const struct upload_plan *plan)
{
	struct upload *upload;
	struct folder folder;
	const char *name;

	ck_assert_int_eq(walk_parent(&folder, &name, &store->place,
	    plan->path), STATUS_OK);
	ck_assert_int_eq(upload_begin(&upload, &store->place, &folder, plan),
	    STATUS_OK);
	folder_close(&folder);
	return upload;
}

enum status
store_begin_status(const struct store *store, const struct upload_plan *plan)
{
	struct upload *upload = NULL;
	struct folder folder;
	const char *name;
	enum status st;

	st = walk_parent(&folder, &name, &store->place, plan->path);
	if (st == STATUS_OK)
		st = upload_begin(&upload, &store->place, &folder, plan);
	ck_assert_int_eq(st == STATUS_OK, upload != NULL);
	upload_free(upload);
	folder_close(&folder);
	return st;
}

enum status
store_seal(struct upload *upload, const char *text)
{
	uint8_t digest[DIGEST_SIZE];

	digest_of(digest, text, strlen(text));
	return upload_seal(upload, strlen(text), digest);
}

enum status
store_publish(const struct store *store, struct upload *upload,
    struct upload_receipt *receipt)
{
	struct folder folder;
	const char *name;
	enum status st;

	st = walk_parent(&folder, &name, &store->place, upload_path(upload));
	if (st == STATUS_OK)
		st = upload_publish(upload, store->names, &folder, receipt);
	folder_close(&folder);
	return st;
}

enum status
store_upload(const struct store *store, const struct upload_plan *plan,
    const char *text)
{
	struct upload_receipt receipt;
	struct upload *upload = NULL;
	struct folder folder;
	const char *name;
	enum status st;

	st = walk_parent(&folder, &name, &store->place, plan->path);
	if (st == STATUS_OK)
		st = upload_begin(&upload, &store->place, &folder, plan);
	if (st == STATUS_OK)
		st = upload_write(upload, 0, text, strlen(text));
	if (st == STATUS_OK)
		st = store_seal(upload, text);
	if (st == STATUS_OK)
		st = upload_publish(upload, store->names, &folder, &receipt);
	upload_free(upload);
	folder_close(&folder);
	return st;
}

void
store_version(const struct store *store, const char *name,
    uint8_t version[VERSION_SIZE])
{
	struct stat st;

	ck_assert_int_eq(fstatat(base_fd(store->base), name, &st,
	    AT_SYMLINK_NOFOLLOW), 0);
	version_of(version, &st);
}

static void
hold(const struct store *store, const char *name, struct flock lock,
    const int pipes[4])
{
	char byte = 0;
	int fd;

	close(pipes[0]);
	close(pipes[3]);
	fd = openat(base_fd(store->base), name, O_RDWR | O_CLOEXEC);
	if (fd == -1 || fcntl(fd, F_SETLK, &lock) == -1 ||
	    write(pipes[1], &byte, 1) != 1)
		_exit(1);
	/* Until the other side closes its end. */
	if (read(pipes[2], &byte, 1) != 0)
		_exit(1);
	_exit(0);
}

struct flock
classic(short type, off_t start, off_t len)
{
	return (struct flock){ .l_type = type, .l_whence = SEEK_SET,
		.l_start = start, .l_len = len };
}

void
holder_begin(struct holder *holder, const struct store *store,
    const char *name, struct flock lock)
{
	int pipes[4];
	char byte;

	ck_assert_int_eq(pipe2(pipes, O_CLOEXEC), 0);
	ck_assert_int_eq(pipe2(pipes + 2, O_CLOEXEC), 0);
	holder->pid = fork();
	ck_assert_int_ne(holder->pid, -1);
	if (holder->pid == 0)
		hold(store, name, lock, pipes);
	close(pipes[1]);
	close(pipes[2]);
	ck_assert_int_eq(read(pipes[0], &byte, 1), 1);
	close(pipes[0]);
	holder->fd = pipes[3];
}

void
holder_end(struct holder *holder)
{
	int status;

	close(holder->fd);
	ck_assert_int_eq(waitpid(holder->pid, &status, 0), holder->pid);
	ck_assert_int_eq(status, 0);
}

static bool
run(const struct store *store, bool (*test)(struct store *store), bool nobody)
{
	struct store copy = *store;
	int status;
	pid_t pid;

	pid = fork();
	ck_assert_int_ne(pid, -1);
	if (pid == 0) {
		if (nobody && geteuid() == 0 &&
		    (setgid(NOBODY) == -1 || setuid(NOBODY) == -1))
			_exit(2);
		_exit(test(&copy) ? 0 : 1);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool
as_nobody(const struct store *store, bool (*test)(struct store *store))
{
	return run(store, test, true);
}

bool
apart(const struct store *store, bool (*test)(struct store *store))
{
	return run(store, test, false);
}

bool
forbid_noreplace(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	bool ok;

	if (filter == NULL)
		return false;
	ok = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EINVAL),
	    SCMP_SYS(renameat2), 1, SCMP_CMP64(4, SCMP_CMP_NE, 0, 0)) == 0 &&
	    seccomp_load(filter) == 0;
	seccomp_release(filter);
	return ok && renameat2(AT_FDCWD, "x", AT_FDCWD, "y",
	    RENAME_NOREPLACE) == -1 && errno == EINVAL;
}
