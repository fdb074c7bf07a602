/* SPDX-License-Identifier: ISC */
/* ftctl store check: look through a base's private folder. */
#include "config.h"

#include <sys/stat.h>

#include <dirent.h>
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
	check->repaired += check->repair;
	printf("%s: %s: %s%s\n", shown, problem,
	    check->repair ? "" : "--repair would have it ", cure);
	return check->repair;
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
	while ((entry = readdir(dir)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0) {
			check->looked++;
			look(check, entry->d_name);
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

static bool
has_name(int dir_fd, const char *name)
{
	struct stat st;

	return fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Does anybody hold its claim? */
static bool
is_claimed(const struct record *record)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET,
	    .l_len = 1 };

	return fcntl(record_fd(record), F_OFD_GETLK, &lock) == 0 &&
	    lock.l_type != F_UNLCK;
}

/* Is the digest that of the piece, cut at `len` or filled up with zeros? */
static bool
is_content(int fd, uint64_t piece, const uint8_t digest[DIGEST_SIZE])
{
	static uint8_t bytes[DIGEST_PIECE];
	uint8_t sum[DIGEST_SIZE];
	ssize_t n;

	memset(bytes, 0, sizeof(bytes));
	n = pread(fd, bytes, sizeof(bytes), (off_t)(piece * DIGEST_PIECE));
	if (n == -1)
		return false;
	digest_of_piece(sum, bytes, (size_t)n);
	if (memcmp(sum, digest, sizeof(sum)) == 0)
		return true;
	digest_of_piece(sum, bytes, sizeof(bytes));
	return memcmp(sum, digest, sizeof(sum)) == 0;
}

/* Compare what the record says of the stage with what is in it. */
static void
check_pieces(struct store_check *check, struct record *record,
    const char *name)
{
	struct record_piece piece;
	uint64_t pieces, i, bad = 0;
	char problem[80];
	int fd;

	fd = openat(base_stage_fd(check->base), name,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd == -1 || record_extent(record, &pieces) != STATUS_OK)
		pieces = 0;
	for (i = 0; i < pieces; i++) {
		if (record_look(record, i, 1, &piece) != STATUS_OK ||
		    piece.held == RECORD_NONE ||
		    is_content(fd, i, piece.digest))
			continue;
		bad++;
		if (check->repair)
			(void)record_spoil(record, i);
	}
	if (fd != -1)
		close(fd);
	if (bad == 0)
		return;
	snprintf(problem, sizeof(problem), "%llu MiBs are not what the record "
	    "says", (unsigned long long)bad);
	(void)check_found(check, name, problem, "sent again at the resume");
}

static void
check_state(struct store_check *check, struct record *record,
    const char *name)
{
	struct upload_receipt receipt;
	enum record_state state;
	uint64_t ino;

	if (record_state(record, &state, &receipt, &ino) != STATUS_OK) {
		if (check_found(check, name, "a record that cannot be read",
		    "removed"))
			record_remove(record);
	} else if (!has_name(base_stage_fd(check->base), name)) {
		/* One that is published keeps its receipt for a while. */
		if (state == RECORD_OPEN && check_found(check, name,
		    "a record without its content", "removed"))
			record_remove(record);
	} else if (!record_facts(record)->is_tree) {
		check_pieces(check, record, name);
	}
}

static void
check_upload(struct store_check *check, const char *name)
{
	uint8_t id[STAGE_ID_SIZE] = { 0 };
	struct record *record;

	if (stage_is_name(name)) {
		read_id(id, name);
		if (record_open(&record, check->base, id) == STATUS_OK) {
			if (is_claimed(record))
				check->in_use++;
			else
				check_state(check, record, name);
			record_close(record);
			return;
		}
	}
	if (check_found(check, name, "no record of an upload", "removed") &&
	    unlinkat(base_uploads_fd(check->base), name, 0) == -1)
		perror("ftctl: remove the record");
}

void
check_uploads(struct store_check *check)
{
	for_each(check, base_uploads_fd(check->base), check_upload);
}

static void
check_stage(struct store_check *check, const char *name)
{
	if (stage_is_name(name) &&
	    has_name(base_uploads_fd(check->base), name))
		return;
	if (check_found(check, name,
	    "a part of an upload that nobody can go on with", "removed"))
		collect_remove(check->base, name);
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

	if (quota_count_walk(&sum, check->base, root) != STATUS_OK ||
	    quota_file_begin(file, &data) != STATUS_OK)
		return;
	snprintf(problem, sizeof(problem), "counted are %lld bytes in %lld "
	    "files, there are %lld in %lld", (long long)data.used.bytes,
	    (long long)data.used.files, (long long)sum.bytes,
	    (long long)sum.files);
	snprintf(what, sizeof(what), "quota of /%.290s", root);
	if ((data.used.bytes != sum.bytes || data.used.files != sum.files) &&
	    check_found(check, what, problem, "put right")) {
		data.used = sum;
		data.is_counted = 1;
		data.is_unsure = 0;
		(void)quota_file_end(file, &data);
	} else {
		(void)quota_file_end(file, NULL);
	}
}

static void
check_quota(struct store_check *check, const char *name)
{
	char root[QUOTA_ROOT_ROOM];
	struct quota_file file;

	if (quota_file_root(root, check->base, name) != STATUS_OK) {
		if (check_found(check, name, "no count of a quota",
		    "removed") && unlinkat(base_quota_fd(check->base),
		    name, 0) == -1)
			perror("ftctl: remove the count");
		return;
	}
	if (quota_file_open(&file, check->base, root, false) != STATUS_OK) {
		(void)check_found(check, name, "cannot be opened",
		    "left as it is");
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
