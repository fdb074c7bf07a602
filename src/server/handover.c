/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "handover.h"

#include <sys/stat.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "state_folder.h"
#include "ticket_file.h"
#include "ticket_keys.h"

static void
clear_bytes(struct handover_bytes *b)
{
	if (b->bytes != NULL)
		OPENSSL_cleanse(b->bytes, b->len);
	free(b->bytes);
	b->bytes = NULL;
	b->len = 0;
}

/* An error of reading, as one of the configuration that named the file. */
static enum status
name_file(enum status st, const char *what, const char *path)
{
	char text[512];

	strncpy(text, status_text(st), sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	return status_set(STATUS_CONFIG, "%s %s: %s", what, path, text);
}

static enum status
check_file(const struct stat *sb, const char *what, const char *path)
{
	if (!S_ISREG(sb->st_mode))
		return status_set(STATUS_CONFIG, "%s %s is no regular file",
		    what, path);
	if (sb->st_size == 0 || sb->st_size > HANDOVER_FILE_MAX)
		return status_set(STATUS_CONFIG, "%s %s is empty or longer "
		    "than %u bytes", what, path, HANDOVER_FILE_MAX);
	return STATUS_OK;
}

/* A byte more than the file had, so that one that grew is noticed. */
static enum status
read_bytes(struct handover_bytes *out, int fd, size_t size)
{
	ssize_t n;

	if ((out->bytes = malloc(size + 1)) == NULL)
		return STATUS_NO_MEMORY;
	out->len = 0;
	while (out->len <= size) {
		n = read(fd, out->bytes + out->len, size + 1 - out->len);
		if (n == -1)
			return status_errno("read");
		if (n == 0)
			break;
		out->len += (size_t)n;
	}
	if (out->len != size)
		return status_set(STATUS_CHANGED, "changed while it was read");
	return STATUS_OK;
}

static enum status
read_file(struct handover_bytes *out, const char *what, const char *path)
{
	enum status st;
	struct stat sb;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd == -1)
		return name_file(status_errno("open"), what, path);
	if (fstat(fd, &sb) == -1) {
		st = name_file(status_errno("fstat"), what, path);
		goto out;
	}
	if ((st = check_file(&sb, what, path)) != STATUS_OK)
		goto out;
	st = read_bytes(out, fd, (size_t)sb.st_size);
	if (st != STATUS_OK)
		st = name_file(st, what, path);
out:
	close(fd);
	return st;
}

/* A test of a server that never ran makes do with keys that nobody keeps. */
static enum status
make_up_keys(struct handover_bytes *out)
{
	struct ticket_keys keys = { 0 };
	enum status st;

	if ((out->bytes = calloc(1, TICKET_KEYS_TEXT_MAX)) == NULL)
		return STATUS_NO_MEMORY;
	if ((st = ticket_keys_generate(&keys)) == STATUS_OK) {
		ticket_keys_format((char *)out->bytes, &keys);
		out->len = strlen((char *)out->bytes);
	}
	ticket_keys_wipe(&keys);
	return st;
}

static enum status
get_ticket_keys(struct handover *h, bool only_a_test)
{
	const struct config *c = h->config;
	enum status st;

	if (only_a_test && access(c->ticket_keys, F_OK) == -1)
		return make_up_keys(&h->ticket_keys);
	if (!only_a_test && ((st = state_folder_make(c)) != STATUS_OK ||
	    (st = ticket_file_prepare(c->ticket_keys,
	    c->ticket_key_lifetime)) != STATUS_OK))
		return st;
	return read_file(&h->ticket_keys, "ticket keys", c->ticket_keys);
}

enum status
handover_make(struct handover **out, const char *config_text,
    const char *config_file, bool only_a_test)
{
	enum status st = STATUS_NO_MEMORY;
	struct handover *h;
	struct config *c;

	*out = NULL;
	if ((h = calloc(1, sizeof(*h))) == NULL ||
	    (h->config_text = strdup(config_text)) == NULL ||
	    (h->config_file = strdup(config_file)) == NULL)
		goto out;
	st = config_parse(&h->config, config_text, config_file);
	if (st != STATUS_OK)
		goto out;
	c = h->config;
	if ((st = read_file(&h->certificate, "certificate",
	    c->certificate)) != STATUS_OK ||
	    (st = read_file(&h->private_key, "private key",
	    c->private_key)) != STATUS_OK ||
	    (st = get_ticket_keys(h, only_a_test)) != STATUS_OK)
		goto out;
	*out = h;
	h = NULL;
out:
	handover_free(h);
	return st;
}

void
handover_free(struct handover *handover)
{
	if (handover == NULL)
		return;
	free(handover->config_text);
	free(handover->config_file);
	config_free(handover->config);
	clear_bytes(&handover->certificate);
	clear_bytes(&handover->private_key);
	clear_bytes(&handover->ticket_keys);
	free(handover);
}
