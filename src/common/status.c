/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "status.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

struct status_row {
	enum status	 st;
	const char	*word;
	enum status_class class;
	int		 exit_code;
	const char	*text;
};

static const struct status_row rows[] = {
	{ STATUS_OK, "ok", CLASS_PERMANENT, EX_OK, "done" },
	{ STATUS_PROTOCOL, "protocol", CLASS_PERMANENT, EX_PROTOCOL,
	    "the peer does not keep to the protocol" },
	{ STATUS_UNSUPPORTED, "unsupported", CLASS_PERMANENT, EX_PROTOCOL,
	    "not supported here" },
	{ STATUS_BAD_REQUEST, "bad-request", CLASS_PERMANENT, EX_USAGE,
	    "the request makes no sense" },
	{ STATUS_BAD_PATH, "bad-path", CLASS_PERMANENT, EX_USAGE,
	    "not a path that can be served" },
	{ STATUS_NOT_FOUND, "not-found", CLASS_PERMANENT, EX_NOINPUT,
	    "no such file or folder" },
	{ STATUS_NOT_PERMITTED, "not-permitted", CLASS_PERMANENT, EX_NOPERM,
	    "not permitted" },
	{ STATUS_EXISTS, "exists", CLASS_PERMANENT, EX_CANTCREAT,
	    "exists already" },
	{ STATUS_NOT_A_FOLDER, "not-a-folder", CLASS_PERMANENT, EX_NOINPUT,
	    "not a folder" },
	{ STATUS_IS_A_FOLDER, "is-a-folder", CLASS_PERMANENT, EX_NOINPUT,
	    "is a folder" },
	{ STATUS_NOT_A_FILE, "not-a-file", CLASS_PERMANENT, EX_NOINPUT,
	    "not a regular file" },
	{ STATUS_NOT_EMPTY, "not-empty", CLASS_PERMANENT, EX_CANTCREAT,
	    "the folder is not empty" },
	{ STATUS_NAME_TOO_LONG, "name-too-long", CLASS_PERMANENT, EX_USAGE,
	    "the name is too long" },
	{ STATUS_LOCKED, "locked", CLASS_RETRY, EX_TEMPFAIL,
	    "locked by somebody else, try again later" },
	{ STATUS_BUSY, "busy", CLASS_BUSY, EX_TEMPFAIL,
	    "the server is busy, try again later" },
	{ STATUS_QUOTA, "quota", CLASS_QUOTA, EX_TEMPFAIL,
	    "over quota" },
	{ STATUS_NO_SPACE, "no-space", CLASS_PERMANENT, EX_IOERR,
	    "no space left" },
	{ STATUS_IO, "io", CLASS_PERMANENT, EX_IOERR,
	    "input or output error" },
	{ STATUS_CHANGED, "changed", CLASS_RETRY, EX_TEMPFAIL,
	    "the file changed while it was read" },
	{ STATUS_PRECONDITION, "precondition", CLASS_PERMANENT, EX_CANTCREAT,
	    "the file is not the version that was expected" },
	{ STATUS_DIGEST, "digest", CLASS_PERMANENT, EX_DATAERR,
	    "the content does not match its digest" },
	{ STATUS_SIZE, "size", CLASS_PERMANENT, EX_DATAERR,
	    "the content is not of the size that was announced" },
	{ STATUS_LOGIN_REFUSED, "login-refused", CLASS_AUTH, EX_NOPERM,
	    "login refused" },
	{ STATUS_LOGIN_NEEDED, "login-needed", CLASS_AUTH, EX_NOPERM,
	    "log in first" },
	{ STATUS_SKIPPED, "skipped", CLASS_RETRY, EX_TEMPFAIL,
	    "skipped after the failure of an earlier request" },
	{ STATUS_CANCELLED, "cancelled", CLASS_RETRY, EX_TEMPFAIL,
	    "cancelled" },
	{ STATUS_TIMEOUT, "timeout", CLASS_RETRY, EX_TEMPFAIL,
	    "took too long" },
	{ STATUS_CROSS_DEVICE, "cross-device", CLASS_PERMANENT, EX_CANTCREAT,
	    "source and target lie on different file systems" },
	{ STATUS_STOPPING, "stopping", CLASS_RETRY, EX_TEMPFAIL,
	    "the server is shutting down" },
	{ STATUS_TOO_LARGE, "too-large", CLASS_PERMANENT, EX_IOERR,
	    "too large" },
	{ STATUS_NO_MEMORY, "no-memory", CLASS_BUSY, EX_TEMPFAIL,
	    "out of memory, try again later" },
	{ STATUS_USAGE, "usage", CLASS_PERMANENT, EX_USAGE,
	    "wrong use of the command line" },
	{ STATUS_CONFIG, "config", CLASS_PERMANENT, EX_CONFIG,
	    "the configuration is refused" },
	{ STATUS_UNKNOWN_HOST, "unknown-host", CLASS_PERMANENT, EX_NOHOST,
	    "unknown host" },
	{ STATUS_UNREACHABLE, "unreachable", CLASS_RETRY, EX_UNAVAILABLE,
	    "cannot reach the server" },
	{ STATUS_TRUST, "trust", CLASS_PERMANENT, EX_PROTOCOL,
	    "the server is not trusted" },
	{ STATUS_CANNOT_CREATE, "cannot-create", CLASS_PERMANENT, EX_CANTCREAT,
	    "cannot create the file" },
};

static const struct status_row unknown_row = { STATUS_IO, "unknown",
	CLASS_PERMANENT, EX_SOFTWARE, "unknown outcome" };

static const struct {
	int		 error;
	enum status	 st;
} errno_rows[] = {
	{ ENOENT, STATUS_NOT_FOUND },
	{ EACCES, STATUS_NOT_PERMITTED },
	{ EPERM, STATUS_NOT_PERMITTED },
	{ EROFS, STATUS_NOT_PERMITTED },
	{ EEXIST, STATUS_EXISTS },
	{ ENOTDIR, STATUS_NOT_A_FOLDER },
	{ EISDIR, STATUS_IS_A_FOLDER },
	{ ENXIO, STATUS_NOT_A_FILE },
	{ ENODEV, STATUS_NOT_A_FILE },
	{ ENOTEMPTY, STATUS_NOT_EMPTY },
	{ ENAMETOOLONG, STATUS_NAME_TOO_LONG },
	{ ELOOP, STATUS_NOT_PERMITTED },
	{ EINVAL, STATUS_BAD_REQUEST },
	{ EILSEQ, STATUS_BAD_PATH },
	{ EAGAIN, STATUS_LOCKED },
	{ ETXTBSY, STATUS_LOCKED },
	{ EDEADLK, STATUS_LOCKED },
	{ EBUSY, STATUS_LOCKED },
	{ ENOLCK, STATUS_BUSY },
	{ EMFILE, STATUS_BUSY },
	{ ENFILE, STATUS_BUSY },
	{ EDQUOT, STATUS_QUOTA },
	{ ENOSPC, STATUS_NO_SPACE },
	{ EFBIG, STATUS_TOO_LARGE },
	{ EXDEV, STATUS_CROSS_DEVICE },
	{ ENOMEM, STATUS_NO_MEMORY },
	{ ETIMEDOUT, STATUS_TIMEOUT },
};

static _Thread_local struct {
	enum status	 st;
	char		 text[512];
	char		 holder[320];
} last;

static const struct status_row *
row_of(enum status st)
{
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].st == st)
			return &rows[i];
	return &unknown_row;
}

const char *
status_word(enum status st)
{
	return row_of(st)->word;
}

int
status_is_on_wire(unsigned int number)
{
	return number > STATUS_OK && number < STATUS_USAGE &&
	    row_of((enum status)number) != &unknown_row;
}

enum status_class
status_class(enum status st)
{
	return row_of(st)->class;
}

int
status_exit_code(enum status st)
{
	return row_of(st)->exit_code;
}

enum status
status_set(enum status st, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(last.text, sizeof(last.text), fmt, ap);
	va_end(ap);
	last.st = st;
	last.holder[0] = '\0';
	return st;
}

enum status
status_no_memory(void)
{
	return status_set(STATUS_NO_MEMORY, "out of memory");
}

enum status
status_add(enum status st, const char *words)
{
	size_t len;

	if (last.st != st || last.text[0] == '\0')
		status_set(st, "%s", row_of(st)->text);
	len = strlen(last.text);
	snprintf(last.text + len, sizeof(last.text) - len, "%s", words);
	return st;
}

void
status_set_holder(const char *holder)
{
	snprintf(last.holder, sizeof(last.holder), "%s", holder);
}

const char *
status_holder(enum status st)
{
	return last.st == st ? last.holder : "";
}

void
status_words_keep(struct status_words *words, enum status st)
{
	status_words_free(words);
	if (st == STATUS_OK)
		return;
	words->text = strdup(status_text(st));
	if (*status_holder(st) != '\0')
		words->holder = strdup(status_holder(st));
}

void
status_words_use(const struct status_words *words, enum status st)
{
	/* What is left of another status must not speak for it. */
	status_forget();
	if (words->text == NULL)
		return;
	status_set(st, "%s", words->text);
	if (words->holder != NULL)
		status_set_holder(words->holder);
}

void
status_words_free(struct status_words *words)
{
	free(words->text);
	free(words->holder);
	words->text = words->holder = NULL;
}

void
status_words_first(struct status_words *words, enum status *st,
    enum status next)
{
	if (*st != STATUS_OK || next == STATUS_OK)
		return;
	*st = next;
	status_words_keep(words, next);
}

enum status
status_words_return(struct status_words *words, enum status st)
{
	status_words_use(words, st);
	status_words_free(words);
	return st;
}

void
status_forget(void)
{
	last.st = STATUS_OK;
	last.text[0] = last.holder[0] = '\0';
}

enum status
status_of_errno(int error)
{
	size_t i;

	for (i = 0; i < sizeof(errno_rows) / sizeof(errno_rows[0]); i++)
		if (errno_rows[i].error == error)
			return errno_rows[i].st;
	return STATUS_IO;
}

enum status
status_errno(const char *fmt, ...)
{
	int error = errno;
	size_t len;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(last.text, sizeof(last.text), fmt, ap);
	va_end(ap);
	len = strlen(last.text);
	snprintf(last.text + len, sizeof(last.text) - len, ": %s",
	    strerrordesc_np(error) != NULL ? strerrordesc_np(error) : "error");
	last.st = status_of_errno(error);
	last.holder[0] = '\0';
	errno = error;
	return last.st;
}

const char *
status_text(enum status st)
{
	return last.st == st && last.text[0] != '\0' ? last.text :
	    row_of(st)->text;
}
