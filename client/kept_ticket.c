/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "kept_ticket.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "trust.h"

#define FOLDER		"ftclient"
#define HASH_BYTES	16u	/* of each of both in the name of a file */
#define HASH_HEX	(2 * HASH_BYTES)
#define NAME_SIZE	(2 * HASH_HEX + 2)
#define HEX_SIZE	(2 * FT1_TICKET_MAX + 1)
#define TEXT_MAX	2048u	/* bytes of a file */

/*
 * --- The folder -------------------------------------------------------------
 */

static void
runtime_folder(char out[PATH_MAX])
{
	const char *set = getenv("XDG_RUNTIME_DIR");

	if (set != NULL && set[0] != '\0')
		snprintf(out, PATH_MAX, "%s", set);
	else
		snprintf(out, PATH_MAX, "/run/user/%u",
		    (unsigned int)geteuid());
}

/* Open the runtime folder: one of ours that nobody else can change. */
static enum status
open_runtime(int *out)
{
	char path[PATH_MAX];
	struct stat sb;

	runtime_folder(path);
	*out = -1;
	if (path[0] == '/')
		*out = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*out != -1 && fstat(*out, &sb) == 0 && sb.st_uid == geteuid() &&
	    (sb.st_mode & 022) == 0)
		return STATUS_OK;
	if (*out != -1)
		close(*out);
	*out = -1;
	return status_set(STATUS_CONFIG, "there is no place to keep a ticket: "
	    "%s is no folder of yours that nobody else can change; "
	    "set XDG_RUNTIME_DIR", path);
}

/* `*out` is -1 if there is none, or none that is ours. */
static enum status
open_folder(int *out)
{
	char path[PATH_MAX];
	enum status st = STATUS_OK;
	struct stat sb;
	int runtime;

	*out = -1;
	if (open_runtime(&runtime) != STATUS_OK)
		return STATUS_OK;
	*out = openat(runtime, FOLDER,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	close(runtime);
	if (*out == -1 && errno == ENOENT)
		return STATUS_OK;
	runtime_folder(path);
	if (*out == -1 || fstat(*out, &sb) == -1)
		st = status_errno("%s/" FOLDER, path);
	else if (sb.st_uid != geteuid() || (sb.st_mode & 077) != 0)
		st = status_set(STATUS_CONFIG, "%s/" FOLDER ": others can "
		    "look for tickets there: chmod 700 %s/" FOLDER, path,
		    path);
	if (st != STATUS_OK && *out != -1) {
		close(*out);
		*out = -1;
	}
	return st;
}

static enum status
make_folder(int *out)
{
	enum status st;
	int runtime;

	*out = -1;
	if ((st = open_runtime(&runtime)) != STATUS_OK)
		return st;
	if (mkdirat(runtime, FOLDER, 0700) == -1 && errno != EEXIST)
		st = status_errno("make the folder " FOLDER
		    " in the runtime folder");
	close(runtime);
	return st == STATUS_OK ? open_folder(out) : st;
}

enum status
kept_ticket_check_place(void)
{
	enum status st;
	int folder;

	st = make_folder(&folder);
	if (folder != -1)
		close(folder);
	return st;
}

/*
 * --- Files ------------------------------------------------------------------
 */

static enum status
hash_hex(char out[HASH_HEX + 1], const char *text)
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	size_t len, i;

	if (EVP_Q_digest(NULL, "SHA256", NULL, text, strlen(text), hash,
	    &len) != 1)
		return status_set(STATUS_IO, "cannot compute SHA-256");
	for (i = 0; i < HASH_BYTES; i++)
		snprintf(out + 2 * i, 3, "%02x", hash[i]);
	return STATUS_OK;
}

/* Names that a person may choose hold what no name of a file can. */
static enum status
name_file(char out[NAME_SIZE], const char *whom, const char *pin)
{
	enum status st;

	if ((st = hash_hex(out, whom)) == STATUS_OK)
		st = hash_hex(out + HASH_HEX + 1, pin);
	out[HASH_HEX] = '-';
	return st;
}

/* What a file holds: "PIN UNTIL TICKET", and below that for whom it is. */
static int
write_text(char out[TEXT_MAX], const struct kept_ticket *ticket,
    const char *whom, const char *pin)
{
	char hex[HEX_SIZE];
	int n;

	if (OPENSSL_buf2hexstr_ex(hex, sizeof(hex), NULL, ticket->bytes,
	    ticket->len, '\0') != 1)
		return -1;
	n = snprintf(out, TEXT_MAX, "%s %" PRId64 " %s\n%s", pin,
	    ticket->until, hex, whom);
	OPENSSL_cleanse(hex, sizeof(hex));
	return n < (int)TEXT_MAX ? n : -1;
}

/* A file that says anything else holds no ticket. */
static void
read_text(struct kept_ticket *out, const char *text, const char *whom,
    const char *pin)
{
	char has_pin[TRUST_PIN_SIZE], hex[HEX_SIZE];
	int64_t until;
	int n = -1;

	_Static_assert(TRUST_PIN_SIZE == 53 && HEX_SIZE == 1025,
	    "the widths below");
	if (sscanf(text, "%52s %" SCNd64 " %1024[0-9A-F]%n", has_pin, &until,
	    hex, &n) == 3 && n != -1 && text[n] == '\n' &&
	    strcmp(text + n + 1, whom) == 0 && strcmp(has_pin, pin) == 0 &&
	    OPENSSL_hexstr2buf_ex(out->bytes, sizeof(out->bytes), &out->len,
	    hex, '\0') == 1)
		out->until = until;
	else
		out->len = 0;
	OPENSSL_cleanse(hex, sizeof(hex));
}

static enum status
read_file(struct kept_ticket *out, int fd, const char *whom, const char *pin)
{
	char text[TEXT_MAX], path[PATH_MAX];
	struct stat sb;
	ssize_t n;

	runtime_folder(path);
	if (fstat(fd, &sb) == -1)
		return status_errno("%s/" FOLDER, path);
	if (!S_ISREG(sb.st_mode) || sb.st_uid != geteuid() ||
	    (sb.st_mode & 077) != 0)
		return status_set(STATUS_CONFIG, "%s/" FOLDER ": others can "
		    "read or write a ticket there: chmod 600 %s/" FOLDER "/*, "
		    "or log in again", path, path);
	do
		n = read(fd, text, sizeof(text) - 1);
	while (n == -1 && errno == EINTR);
	if (n == -1)
		return status_errno("%s/" FOLDER, path);
	text[n] = '\0';
	read_text(out, text, whom, pin);
	OPENSSL_cleanse(text, sizeof(text));
	return STATUS_OK;
}

enum status
kept_ticket_find(struct kept_ticket *out, const char *whom, const char *pin)
{
	char name[NAME_SIZE];
	enum status st;
	int folder, fd;

	memset(out, 0, sizeof(*out));
	if ((st = open_folder(&folder)) != STATUS_OK || folder == -1)
		return st;
	if ((st = name_file(name, whom, pin)) == STATUS_OK) {
		fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
		    O_NOCTTY | O_CLOEXEC);
		if (fd != -1) {
			st = read_file(out, fd, whom, pin);
			close(fd);
		} else if (errno != ENOENT)
			st = status_errno("a ticket in " FOLDER);
	}
	if (out->len > 0 && out->until <= (int64_t)time(NULL)) {
		OPENSSL_cleanse(out->bytes, sizeof(out->bytes));
		out->len = 0;
		(void)unlinkat(folder, name, 0);
	}
	close(folder);
	return st;
}

/* Whoever reads finds the old ticket or the new one. */
static enum status
replace_file(int folder, const char *name, const char *text, size_t len)
{
	enum status st = STATUS_OK;
	char fresh[32];
	int fd;

	snprintf(fresh, sizeof(fresh), "new-%ld", (long)getpid());
	(void)unlinkat(folder, fresh, 0);	/* of a process that is gone */
	fd = openat(folder, fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
	    0600);
	if (fd == -1)
		return status_errno("keep the ticket");
	if (write(fd, text, len) != (ssize_t)len)
		st = status_errno("keep the ticket");
	if (close(fd) == -1 && st == STATUS_OK)
		st = status_errno("keep the ticket");
	if (st == STATUS_OK && renameat(folder, fresh, folder, name) == -1)
		st = status_errno("keep the ticket");
	if (st != STATUS_OK)
		(void)unlinkat(folder, fresh, 0);
	return st;
}

enum status
kept_ticket_keep(const struct kept_ticket *ticket, const char *whom,
    const char *pin)
{
	char name[NAME_SIZE], text[TEXT_MAX];
	enum status st;
	int folder, len;

	if ((st = name_file(name, whom, pin)) != STATUS_OK ||
	    (st = make_folder(&folder)) != STATUS_OK)
		return st;
	if ((len = write_text(text, ticket, whom, pin)) == -1)
		st = status_set(STATUS_IO, "cannot write a ticket");
	else
		st = replace_file(folder, name, text, (size_t)len);
	OPENSSL_cleanse(text, sizeof(text));
	close(folder);
	return st;
}

/* Remove what is called so, or begins so if that is all that is given. */
static enum status
remove_files(DIR *dir, const char *name, unsigned int *count)
{
	const struct dirent *entry;

	for (errno = 0; (entry = readdir(dir)) != NULL; errno = 0) {
		if (strncmp(entry->d_name, name, strlen(name)) != 0)
			continue;
		if (unlinkat(dirfd(dir), entry->d_name, 0) == 0)
			++*count;
		else if (errno != ENOENT)
			return status_errno("remove a ticket");
	}
	return errno == 0 ? STATUS_OK : status_errno("look for tickets");
}

enum status
kept_ticket_drop(const char *whom, const char *pin, unsigned int *count)
{
	char name[NAME_SIZE] = "";
	enum status st;
	int folder;
	DIR *dir;

	*count = 0;
	st = pin != NULL ? name_file(name, whom, pin) : hash_hex(name, whom);
	if (st != STATUS_OK || (st = open_folder(&folder)) != STATUS_OK ||
	    folder == -1)
		return st;
	if ((dir = fdopendir(folder)) == NULL) {
		st = status_errno("look for tickets");
		close(folder);
		return st;
	}
	st = remove_files(dir, name, count);
	closedir(dir);
	return st;
}
