/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "ticket_file.h"

#include <sys/stat.h>

#include <errno.h>
#include <string.h>
#include <time.h>

#include <openssl/crypto.h>

#include "file_write.h"
#include "ticket_keys.h"

#define SKEW 120	/* seconds that clocks of one fleet may differ */

bool
ticket_file_is_due(const char *path, unsigned int lifetime)
{
	time_t now = time(NULL);
	struct stat sb;

	if (lifetime == 0 || stat(path, &sb) == -1)
		return false;
	return sb.st_mtime > now + SKEW ||
	    sb.st_mtime + (time_t)lifetime <= now;
}

static enum status
write_keys(const char *path, const struct ticket_keys *keys)
{
	char text[TICKET_KEYS_TEXT_MAX];
	enum status st;

	ticket_keys_format(text, keys);
	st = file_write(path, text, strlen(text), 0600);
	OPENSSL_cleanse(text, sizeof(text));
	return st;
}

enum status
ticket_file_prepare(const char *path, unsigned int lifetime)
{
	struct ticket_keys keys = { 0 };
	enum status st;
	struct stat sb;

	if (stat(path, &sb) == -1 && errno == ENOENT) {
		st = ticket_keys_generate(&keys);
	} else if (ticket_file_is_due(path, lifetime)) {
		if ((st = ticket_keys_read(&keys, path)) == STATUS_OK)
			st = ticket_keys_rotate(&keys);
	} else {
		return STATUS_OK;
	}
	if (st == STATUS_OK)
		st = write_keys(path, &keys);
	ticket_keys_wipe(&keys);
	return st;
}
