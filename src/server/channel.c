/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "channel.h"

#include <sys/socket.h>

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/crypto.h>

/*
 * A message is a head and as many parts as its type has, each a length and
 * its bytes.  Both ends are the same program on the same machine.
 */
#define PARTS_MAX 5
#define PART_MAX (CONFIG_FILE_MAX + 1)	/* the longest is a whole file */
#define TOTAL_MAX (4u << 20)

struct head {
	uint32_t	type;
	uint32_t	len[PARTS_MAX];
};

struct part {
	const void	*bytes;
	size_t		 len;
};

static pthread_mutex_t send_lock = PTHREAD_MUTEX_INITIALIZER;

static size_t
parts_of(uint32_t type)
{
	switch (type) {
	case CHANNEL_RELOAD:	return 5;
	case CHANNEL_RELOADED:	return 1;
	case CHANNEL_RENEW:	return 3;
	default:		return 0;
	}
}

enum status
channel_pair(int fds[2])
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == -1)
		return status_errno("socketpair");
	return STATUS_OK;
}

static enum status
gone(const char *what)
{
	return status_set(STATUS_UNREACHABLE,
	    "the other process is gone or hangs (%s)", what);
}

static enum status
send_all(int fd, const void *bytes, size_t len)
{
	const char *at = bytes;
	ssize_t n;

	while (len > 0) {
		n = send(fd, at, len, MSG_NOSIGNAL);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return gone(strerror(errno));
		at += n;
		len -= (size_t)n;
	}
	return STATUS_OK;
}

static enum status
receive_all(int fd, void *bytes, size_t len)
{
	char *at = bytes;
	ssize_t n;

	while (len > 0) {
		n = recv(fd, at, len, 0);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return gone(strerror(errno));
		if (n == 0)
			return gone("end of file");
		at += n;
		len -= (size_t)n;
	}
	return STATUS_OK;
}

static struct part
text_part(const char *text)
{
	return (struct part) { text, text == NULL ? 0 : strlen(text) };
}

static struct part
bytes_part(const struct handover_bytes *b)
{
	return (struct part) { b->bytes, b->len };
}

static void
take_parts(struct part parts[PARTS_MAX], const struct channel_message *m)
{
	size_t i;

	if (m->type == CHANNEL_RELOAD) {
		parts[0] = text_part(m->handover->config_text);
		parts[1] = text_part(m->handover->config_file);
		parts[2] = bytes_part(&m->handover->certificate);
		parts[3] = bytes_part(&m->handover->private_key);
		parts[4] = bytes_part(&m->handover->ticket_keys);
	} else {
		for (i = 0; i < parts_of(m->type); i++)
			parts[i] = text_part(m->text[i]);
	}
}

enum status
channel_send(int fd, const struct channel_message *message)
{
	struct part parts[PARTS_MAX] = { { NULL, 0 } };
	struct head head = { .type = message->type };
	size_t i, total = 0, count = parts_of(message->type);
	enum status st;

	take_parts(parts, message);
	for (i = 0; i < count; i++) {
		if (parts[i].len > PART_MAX ||
		    (total += parts[i].len) > TOTAL_MAX)
			return status_set(STATUS_TOO_LARGE,
			    "a message to the other process is too long");
		head.len[i] = (uint32_t)parts[i].len;
	}
	pthread_mutex_lock(&send_lock);
	st = send_all(fd, &head, sizeof(head));
	for (i = 0; i < count && st == STATUS_OK; i++)
		st = send_all(fd, parts[i].bytes, parts[i].len);
	pthread_mutex_unlock(&send_lock);
	return st;
}

static enum status
check_head(const struct head *head, unsigned int allowed)
{
	size_t i, total = 0;

	if (head->type < CHANNEL_RELOAD || head->type > CHANNEL_RENEW)
		goto bad;
	if ((allowed & CHANNEL_BIT(head->type)) == 0)
		return status_set(STATUS_PROTOCOL,
		    "the other process says what it may not say");
	for (i = 0; i < PARTS_MAX; i++)
		if (head->len[i] > PART_MAX ||
		    (total += head->len[i]) > TOTAL_MAX ||
		    (i >= parts_of(head->type) && head->len[i] != 0))
			goto bad;
	return STATUS_OK;
bad:
	return status_set(STATUS_PROTOCOL,
	    "the other process says what makes no sense");
}

/* With a NUL behind it, which does not count. */
static enum status
receive_part(int fd, struct handover_bytes *out, size_t len)
{
	if ((out->bytes = calloc(1, len + 1)) == NULL)
		return STATUS_NO_MEMORY;
	out->len = len;
	return receive_all(fd, out->bytes, len);
}

static enum status
part_to_text(char **out, struct handover_bytes *part)
{
	if (memchr(part->bytes, '\0', part->len) != NULL)
		return status_set(STATUS_PROTOCOL,
		    "the other process sent a NUL in a text");
	*out = (char *)part->bytes;
	part->bytes = NULL;
	return STATUS_OK;
}

static enum status
take_handover(struct handover **out, struct handover_bytes parts[PARTS_MAX])
{
	struct handover *h;
	enum status st;

	if ((h = calloc(1, sizeof(*h))) == NULL)
		return STATUS_NO_MEMORY;
	*out = h;
	if ((st = part_to_text(&h->config_text, &parts[0])) != STATUS_OK ||
	    (st = part_to_text(&h->config_file, &parts[1])) != STATUS_OK)
		return st;
	h->certificate = parts[2];
	h->private_key = parts[3];
	h->ticket_keys = parts[4];
	parts[2].bytes = parts[3].bytes = parts[4].bytes = NULL;
	return config_parse(&h->config, h->config_text, h->config_file);
}

static enum status
take_message(struct channel_message *m, struct handover_bytes parts[PARTS_MAX])
{
	enum status st = STATUS_OK;
	size_t i;

	if (m->type == CHANNEL_RELOAD)
		return take_handover(&m->handover, parts);
	for (i = 0; i < parts_of(m->type) && st == STATUS_OK; i++)
		st = part_to_text(&m->text[i], &parts[i]);
	return st;
}

enum status
channel_receive(int fd, unsigned int allowed,
    struct channel_message *message)
{
	struct handover_bytes parts[PARTS_MAX] = { { NULL, 0 } };
	struct head head;
	enum status st;
	size_t i;

	*message = (struct channel_message) { 0 };
	if ((st = receive_all(fd, &head, sizeof(head))) != STATUS_OK ||
	    (st = check_head(&head, allowed)) != STATUS_OK)
		return st;
	message->type = (enum channel_type)head.type;
	for (i = 0; i < parts_of(head.type) && st == STATUS_OK; i++)
		st = receive_part(fd, &parts[i], head.len[i]);
	if (st == STATUS_OK)
		st = take_message(message, parts);
	for (i = 0; i < PARTS_MAX; i++) {
		if (parts[i].bytes != NULL)
			OPENSSL_cleanse(parts[i].bytes, parts[i].len);
		free(parts[i].bytes);
	}
	return st;
}

void
channel_message_clear(struct channel_message *message)
{
	size_t i;

	handover_free(message->handover);
	message->handover = NULL;
	for (i = 0; i < CHANNEL_TEXTS; i++) {
		free(message->text[i]);
		message->text[i] = NULL;
	}
}
