/* SPDX-License-Identifier: ISC */
/* ftctl store check: look through a base's private folder. */
#include "config.h"

#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collect.h"
#include "digest.h"
#include "escape.h"
#include "ftctl.h"
#include "quota_count.h"
#include "stage.h"
#include "upload_record.h"

bool
check_found(struct store_check *check, const char *what, const char *problem,
    const char *cure)
{
	char shown[ESCAPE_GROWTH * 300];

	escape_string(shown, sizeof(shown), what);
	check->found++;
	printf("%s: %s: %s%s\n", shown, problem,
	    check->repair ? "" : "--repair would have it ", cure);
	return check->repair;
}

void
check_repaired(struct store_check *check, const char *what, bool is_done)
{
	char shown[ESCAPE_GROWTH * 300];

	if (is_done) {
		check->repaired++;
		return;
	}
	escape_string(shown, sizeof(shown), what);
	printf("%s: that has failed\n", shown);
}

void
check_left(struct store_check *check, const char *what, const char *problem)
{
	char shown[ESCAPE_GROWTH * 300];

	escape_string(shown, sizeof(shown), what);
	check->found++;
	printf("%s: %s: left as it is\n", shown, problem);
}

/* Call `look` for each name in the folder. */
static void
for_each(struct store_check *check, int dir_fd,
    void (*look)(struct store_check *check, const char *name))
{
	struct dirent *entry;
	DIR *dir;
	int fd;

	fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1 || (dir = fdopendir(fd)) == NULL) {
		check->found++;
		perror("ftctl: read the private folder");
		if (fd != -1)
			close(fd);
		return;
	}
	while ((errno = 0, entry = readdir(dir)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0) {
			check->looked++;
			look(check, entry->d_name);
		}
	if (errno != 0) {
		check->found++;
		perror("ftctl: read the private folder");
	}
	closedir(dir);
}

static void
read_id(uint8_t id[STAGE_ID_SIZE], const char *hex)
{
	unsigned int byte, i;

	for (i = 0; i < STAGE_ID_SIZE; i++) {
		(void)sscanf(hex + 2 * i, "%2x", &byte);
		id[i] = (uint8_t)byte;
	}
}

/* STATUS_NOT_FOUND only if there is no such name. */
static enum status
look_for(int dir_fd, const char *name)
{
	struct stat st;

	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return STATUS_OK;
	return errno == ENOENT ? STATUS_NOT_FOUND :
	    status_errno("cannot be looked at");
}

static bool
remove_name(int dir_fd, const char *name)
{
	if (unlinkat(dir_fd, name, 0) == 0 || errno == ENOENT)
		return true;
	perror("ftctl: remove");
	return false;
}

/* Does anybody hold its claim, for all that is known? */
static bool
is_claimed(const struct record *record)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET,
	    .l_len = 1 };

	return fcntl(record_fd(record), F_OFD_GETLK, &lock) == -1 ||
	    lock.l_type != F_UNLCK;
}

/*
 * STATUS_DIGEST unless the digest is that of the piece, cut at its length or
 * filled up with zeros.
 */
static enum status
compare(int fd, uint64_t piece, const uint8_t digest[DIGEST_SIZE])
{
	static uint8_t bytes[DIGEST_PIECE];
	uint8_t sum[DIGEST_SIZE];
	ssize_t n;

	memset(bytes, 0, sizeof(bytes));
	n = pread(fd, bytes, sizeof(bytes), (off_t)(piece * DIGEST_PIECE));
	if (n == -1)
		return status_errno("content");
	digest_of_piece(sum, bytes, (size_t)n);
	if (memcmp(sum, digest, sizeof(sum)) == 0)
		return STATUS_OK;
	digest_of_piece(sum, bytes, sizeof(bytes));
	return memcmp(sum, digest, sizeof(sum)) == 0 ? STATUS_OK :
	    STATUS_DIGEST;
}

/* MiBs that are not as recorded, and of which that is not known. */
struct tally {
	uint64_t bad, spoiled, unread;
};

static void
check_piece(struct tally *tally, struct record *record, int fd,
    uint64_t number, bool repair)
{
	struct record_piece piece;
	enum status st;

	st = record_look(record, number, 1, &piece);
	if (st == STATUS_OK && piece.held != RECORD_NONE)
		st = compare(fd, number, piece.digest);
	if (st == STATUS_DIGEST) {
		tally->bad++;
		tally->spoiled += repair &&
		    record_spoil(record, number) == STATUS_OK;
	} else if (st != STATUS_OK) {
		tally->unread++;
	}
}

static void
tell_pieces(struct store_check *check, const char *name,
    const struct tally *tally)
{
	char problem[80];

	snprintf(problem, sizeof(problem), "%llu MiBs are not what the record "
	    "says", (unsigned long long)tally->bad);
	if (tally->bad > 0 && check_found(check, name, problem,
	    "sent again at the resume"))
		check_repaired(check, name, tally->spoiled == tally->bad);
	snprintf(problem, sizeof(problem), "%llu MiBs cannot be read",
	    (unsigned long long)tally->unread);
	if (tally->unread > 0)
		check_left(check, name, problem);
}

/* Compare what the record says of the stage with what is in it. */
static void
check_pieces(struct store_check *check, struct record *record,
    const char *name)
{
	struct tally tally = { 0 };
	enum status st = STATUS_OK;
	uint64_t pieces, i;
	int fd;

	fd = openat(base_stage_fd(check->base), name,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd == -1)
		st = status_errno("content");
	else
		st = record_extent(record, &pieces);
	for (i = 0; st == STATUS_OK && i < pieces; i++)
		check_piece(&tally, record, fd, i, check->repair);
	if (fd != -1)
		close(fd);
	if (st != STATUS_OK)
		check_left(check, name, status_text(st));
	tell_pieces(check, name, &tally);
}

static void
drop_record(struct store_check *check, const char *name, const char *problem)
{
	if (check_found(check, name, problem, "removed"))
		check_repaired(check, name,
		    remove_name(base_uploads_fd(check->base), name));
}

static void
check_state(struct store_check *check, struct record *record,
    const char *name)
{
	struct upload_receipt receipt;
	enum record_state state;
	enum status st;
	uint64_t ino;

	if ((st = record_state(record, &state, &receipt, &ino)) !=
	    STATUS_OK) {
		check_left(check, name, status_text(st));
		return;
	}
	st = look_for(base_stage_fd(check->base), name);
	if (st == STATUS_NOT_FOUND) {
		/* One that is published keeps its receipt for a while. */
		if (state == RECORD_OPEN)
			drop_record(check, name,
			    "a record without its content");
	} else if (st != STATUS_OK) {
		check_left(check, name, status_text(st));
	} else if (!record_facts(record)->is_tree) {
		check_pieces(check, record, name);
	}
}

static void
check_upload(struct store_check *check, const char *name)
{
	uint8_t id[STAGE_ID_SIZE] = { 0 };
	enum status st = STATUS_NOT_FOUND;
	struct record *record;

	if (stage_is_name(name)) {
		read_id(id, name);
		st = record_open(&record, check->base, id);
	}
	if (st == STATUS_NOT_FOUND) {
		drop_record(check, name, "no record of an upload");
	} else if (st != STATUS_OK) {
		check_left(check, name, status_text(st));
	} else {
		if (is_claimed(record))
			check->in_use++;
		else
			check_state(check, record, name);
		record_close(record);
	}
}

void
check_uploads(struct store_check *check)
{
	for_each(check, base_uploads_fd(check->base), check_upload);
}

static void
check_stage(struct store_check *check, const char *name)
{
	enum status st = STATUS_NOT_FOUND;

	if (stage_is_name(name))
		st = look_for(base_uploads_fd(check->base), name);
	if (st == STATUS_OK)
		return;
	if (st != STATUS_NOT_FOUND) {
		check_left(check, name, status_text(st));
	} else if (check_found(check, name,
	    "a part of an upload that nobody can go on with", "removed")) {
		collect_remove(check->base, name);
		check_repaired(check, name, look_for(base_stage_fd(
		    check->base), name) == STATUS_NOT_FOUND);
	}
}

void
check_stages(struct store_check *check)
{
	for_each(check, base_stage_fd(check->base), check_stage);
}

static void
compare_count(struct store_check *check, struct quota_file *file,
    const char *root)
{
	struct quota_data data;
	struct quota_amount sum;
	char problem[160], what[QUOTA_ROOT_ROOM + 8];
	enum status st;

	snprintf(what, sizeof(what), "quota of /%.290s", root);
	if ((st = quota_count_walk(&sum, check->base, root,
	    UINT64_MAX)) != STATUS_OK ||
	    (st = quota_file_begin(file, &data)) != STATUS_OK) {
		check_left(check, what, status_text(st));
		return;
	}
	snprintf(problem, sizeof(problem), "counted are %lld bytes in %lld "
	    "files, there are %lld in %lld", (long long)data.used.bytes,
	    (long long)data.used.files, (long long)sum.bytes,
	    (long long)sum.files);
	if ((data.used.bytes != sum.bytes || data.used.files != sum.files) &&
	    check_found(check, what, problem, "put right")) {
		data.used = sum;
		data.is_counted = 1;
		data.is_unsure = 0;
		st = quota_file_end(file, &data);
		check_repaired(check, what, st == STATUS_OK);
	} else {
		(void)quota_file_end(file, NULL);
	}
}

static void
check_quota(struct store_check *check, const char *name)
{
	char root[QUOTA_ROOT_ROOM];
	struct quota_file file;
	enum status st;

	st = quota_file_root(root, check->base, name);
	if (st == STATUS_NOT_FOUND) {
		if (check_found(check, name, "no count of a quota",
		    "removed"))
			check_repaired(check, name,
			    remove_name(base_quota_fd(check->base), name));
		return;
	}
	if (st == STATUS_OK)
		st = quota_file_open(&file, check->base, root, false);
	if (st != STATUS_OK) {
		check_left(check, name, status_text(st));
		return;
	}
	compare_count(check, &file, root);
	quota_file_close(&file);
}

void
check_quotas(struct store_check *check)
{
	for_each(check, base_quota_fd(check->base), check_quota);
}

static enum status
look_through(struct store_check *check)
{
	check_uploads(check);
	check_stages(check);
	check_quotas(check);
	if (check->repair)
		collect_gone(check->base);
	printf("%s: %u looked at, %u in use, %u found, %u repaired\n",
	    base_path(check->base), check->looked, check->in_use,
	    check->found, check->repaired);
	return check->found == check->repaired ? STATUS_OK :
	    status_set(STATUS_DIGEST, "%s: not all is well",
	    base_path(check->base));
}

enum status
ftctl_store_check(const char *path, bool repair)
{
	struct store_check check = { .repair = repair };
	char private[4096], whole[4096];
	struct base *base;
	struct stat st;
	enum status status;

	if (realpath(path, whole) == NULL)
		return status_errno("%s", path);
	/* A typing error must not make a base of any folder. */
	if (snprintf(private, sizeof(private), "%s/" BASE_PRIVATE, whole) >=
	    (int)sizeof(private) || lstat(private, &st) == -1 ||
	    !S_ISDIR(st.st_mode))
		return status_set(STATUS_NOT_FOUND, "%s: no storage base: "
		    "there is no folder " BASE_PRIVATE " in it", path);
	status = base_open(&base, "check", whole, DURABILITY_COMMIT);
	if (status != STATUS_OK)
		return status;
	check.base = base;
	status = look_through(&check);
	base_close(base);
	return status;
}
