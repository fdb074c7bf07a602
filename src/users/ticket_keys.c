/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "ticket_keys.h"

#include <sys/stat.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "user_line.h"

#define KEY_LEN (TICKET_NAME_LEN + 2 * TICKET_SECRET_LEN)
#define FILE_MAX 4096		/* bytes; leaves room for comments */

_Static_assert(sizeof(struct ticket_key) == KEY_LEN,
    "a key is written as its bytes");
_Static_assert(TICKET_KEYS_MAX * (2 * KEY_LEN + 1) < TICKET_KEYS_TEXT_MAX,
    "all keys fit into the text");

static enum status
make_key(struct ticket_key *key)
{
	if (RAND_bytes(key->name, sizeof(key->name)) != 1 ||
	    RAND_priv_bytes(key->mac, sizeof(key->mac)) != 1 ||
	    RAND_priv_bytes(key->tls, sizeof(key->tls)) != 1)
		return status_set(STATUS_IO, "no random bytes to be had");
	return STATUS_OK;
}

enum status
ticket_keys_generate(struct ticket_keys *out)
{
	memset(out, 0, sizeof(*out));
	out->count = 1;
	return make_key(&out->key[0]);
}

enum status
ticket_keys_rotate(struct ticket_keys *keys)
{
	struct ticket_key fresh;
	enum status st;

	if ((st = make_key(&fresh)) != STATUS_OK)
		return st;
	memmove(&keys->key[1], &keys->key[0],
	    (TICKET_KEYS_MAX - 1) * sizeof(keys->key[0]));
	keys->key[0] = fresh;
	if (keys->count < TICKET_KEYS_MAX)
		keys->count++;
	OPENSSL_cleanse(&fresh, sizeof(fresh));
	return STATUS_OK;
}

const struct ticket_key *
ticket_keys_find(const struct ticket_keys *keys,
    const uint8_t name[TICKET_NAME_LEN])
{
	size_t i;

	for (i = 0; i < keys->count; i++)
		if (memcmp(keys->key[i].name, name, TICKET_NAME_LEN) == 0)
			return &keys->key[i];
	return NULL;
}

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static enum status
parse_key(struct ticket_keys *keys, const char *line, size_t len)
{
	struct ticket_key *key = &keys->key[keys->count];
	uint8_t *bytes = (uint8_t *)key;
	int high, low;
	size_t i;

	if (keys->count == TICKET_KEYS_MAX)
		return status_set(STATUS_CONFIG, "at most %d keys are used: "
		    "remove the old ones", TICKET_KEYS_MAX);
	if (len != 2 * KEY_LEN)
		return status_set(STATUS_CONFIG,
		    "a key has %d hexadecimal digits, not %zu", 2 * KEY_LEN,
		    len);
	for (i = 0; i < KEY_LEN; i++) {
		high = hex_value(line[2 * i]);
		low = hex_value(line[2 * i + 1]);
		if (high == -1 || low == -1)
			return status_set(STATUS_CONFIG,
			    "a key has hexadecimal digits only");
		bytes[i] = (uint8_t)(high << 4 | low);
	}
	if (ticket_keys_find(keys, key->name) != NULL)
		return status_set(STATUS_CONFIG, "this key, or another of the "
		    "same name, stands there already");
	keys->count++;
	return STATUS_OK;
}

static enum status
parse_lines(struct ticket_keys *out, const char *bytes, size_t len,
    size_t *line)
{
	enum status st = STATUS_OK;
	const char *newline;
	size_t n;

	for (*line = 1; len > 0; ++*line) {
		if ((newline = memchr(bytes, '\n', len)) == NULL)
			return status_set(STATUS_CONFIG, "the last line does "
			    "not end: the file is half written");
		n = (size_t)(newline - bytes);
		if (!user_line_is_blank(bytes, n) &&
		    (st = parse_key(out, bytes, n)) != STATUS_OK)
			return st;
		bytes += n + 1;
		len -= n + 1;
	}
	return out->count > 0 ? STATUS_OK :
	    status_set(STATUS_CONFIG, "there is no key");
}

enum status
ticket_keys_parse(struct ticket_keys *out, const char *bytes, size_t len,
    const char *file)
{
	char text[256];
	enum status st;
	size_t line;

	memset(out, 0, sizeof(*out));
	st = parse_lines(out, bytes, len, &line);
	if (st == STATUS_OK)
		return STATUS_OK;
	ticket_keys_wipe(out);
	snprintf(text, sizeof(text), "%s", status_text(st));
	return status_set(st, "%s:%zu: %s", file, line, text);
}

static enum status
read_open_file(struct ticket_keys *out, int fd, const char *path)
{
	char bytes[FILE_MAX + 1];
	size_t have = 0;
	struct stat sb;
	enum status st;
	ssize_t n;

	if (fstat(fd, &sb) == -1)
		return status_errno("%s", path);
	if (!S_ISREG(sb.st_mode) || (sb.st_mode & 077) != 0)
		return status_set(STATUS_CONFIG, "%s: must be a regular file "
		    "that nobody else may read or write: chmod 600 %s", path,
		    path);
	do {
		n = read(fd, bytes + have, sizeof(bytes) - have);
		have += n > 0 ? (size_t)n : 0;
	} while (n > 0 || (n == -1 && errno == EINTR));
	if (n == -1)
		st = status_errno("%s", path);
	else if (have > FILE_MAX)
		st = status_set(STATUS_CONFIG, "%s: a key file has at most %d "
		    "bytes", path, FILE_MAX);
	else
		st = ticket_keys_parse(out, bytes, have, path);
	OPENSSL_cleanse(bytes, sizeof(bytes));
	return st;
}

enum status
ticket_keys_read(struct ticket_keys *out, const char *path)
{
	enum status st;
	int fd;

	memset(out, 0, sizeof(*out));
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd == -1)
		return status_errno("%s", path);
	st = read_open_file(out, fd, path);
	close(fd);
	return st;
}

void
ticket_keys_format(char out[TICKET_KEYS_TEXT_MAX],
    const struct ticket_keys *keys)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *bytes;
	size_t i, j;

	for (i = 0; i < keys->count; i++) {
		bytes = (const uint8_t *)&keys->key[i];
		for (j = 0; j < KEY_LEN; j++) {
			*out++ = digits[bytes[j] >> 4];
			*out++ = digits[bytes[j] & 15];
		}
		*out++ = '\n';
	}
	*out = '\0';
}

void
ticket_keys_wipe(struct ticket_keys *keys)
{
	OPENSSL_cleanse(keys, sizeof(*keys));
}
