/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "script.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "report.h"
#include "runner.h"

#define LINE_MOST	65536u	/* bytes of one line */
#define ROOM		(2 * LINE_MOST)

/*
 * Lines off a descriptor.  Not by stdio: `put -` reads what follows its line,
 * and a signal has to end a wait.
 */
struct source {
	int	 fd;		/* owned unless it is standard input */
	char	*bytes;		/* owned; ROOM bytes */
	size_t	 at, len;	/* what was read and not yet taken */
	bool	 ended;
};

/* True if a read would have to wait. */
static bool
must_wait(int fd)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };

	return poll(&ready, 1, 0) == 0;
}

/* Before a wait, what was gathered goes out. */
static enum status
fill(struct source *source, struct client *client)
{
	enum status st;
	ssize_t n;

	if (source->at > 0) {
		source->len -= source->at;
		memmove(source->bytes, source->bytes + source->at,
		    source->len);
		source->at = 0;
	}
	if (must_wait(source->fd)) {
		if ((st = remote_push(client->remote)) != STATUS_OK)
			return st;
		st = remote_idle(client->remote, client->interrupt,
		    source->fd);
		if (st != STATUS_OK)
			return st;
	}
	do
		n = read(source->fd, source->bytes + source->len,
		    ROOM - 1 - source->len);
	while (n == -1 && errno == EINTR);
	if (n == -1)
		return status_errno("batch");
	source->ended = n == 0;
	source->len += (size_t)n;
	return STATUS_OK;
}

/* The next line, ended by NUL, borrowed until the next call; NULL: no more. */
static enum status
next_line(struct source *source, struct client *client, char **out)
{
	char *begin, *end;
	enum status st;

	*out = NULL;
	for (;;) {
		begin = source->bytes + source->at;
		end = memchr(begin, '\n', source->len - source->at);
		if (end != NULL || source->ended)
			break;
		if (source->len - source->at > LINE_MOST)
			return status_set(STATUS_USAGE, "a line of the batch "
			    "is longer than %u bytes", LINE_MOST);
		if ((st = fill(source, client)) != STATUS_OK)
			return st;
	}
	if (end == NULL) {
		if (source->at == source->len)
			return STATUS_OK;
		end = source->bytes + source->len;
		source->len++;		/* room for the NUL was left */
	}
	*end = '\0';
	source->at = (size_t)(end - source->bytes) + 1;
	if (strlen(begin) != (size_t)(end - begin))
		return status_set(STATUS_USAGE,
		    "a line of the batch has a NUL byte in it");
	*out = begin;
	return STATUS_OK;
}

/* A put of a line before it, which is answered only now, may not fail. */
static bool
is_forgiven(struct client *client, uint64_t number, enum status st)
{
	return client->tolerant && st != STATUS_CANCELLED &&
	    report_line_now(client->settings->report) == number &&
	    remote_lost(client->remote) == STATUS_OK;
}

static enum status
run_line(struct client *client, const char *line, uint64_t number)
{
	enum status st;

	(void)report_line(client->settings->report, number);
	line += strspn(line, " \t");
	client->tolerant = *line == '-';
	if (client->tolerant)
		line++;
	st = runner_run_line(client, line);
	if (is_forgiven(client, number, st))
		st = STATUS_OK;
	client->tolerant = false;
	return st;
}

/* There is no such line, or it is none.  What was put before comes before. */
static enum status
refuse_line(struct client *client, uint64_t number, enum status st)
{
	struct report *report = client->settings->report;
	struct status_words words = { 0 };
	enum status before = STATUS_OK;

	status_words_keep(&words, st);
	if (st == STATUS_USAGE)
		before = runner_settle(client);
	(void)status_words_return(&words, st);
	if (before != STATUS_OK)
		return before;
	(void)report_line(report, st == STATUS_USAGE ? number : 0);
	report_error(report, NULL, st);
	return st;
}

static enum status
run_lines(struct client *client, struct source *source)
{
	enum status st = STATUS_OK;
	uint64_t number = 0;
	char *line;

	while (st == STATUS_OK && !client->leaving) {
		number++;
		st = next_line(source, client, &line);
		if (st != STATUS_OK)
			return refuse_line(client, number, st);
		if (line == NULL)
			break;
		st = run_line(client, line, number);
	}
	if (st != STATUS_OK)
		return st;
	(void)report_line(client->settings->report, 0);
	return runner_settle(client);
}

enum status
script_run(struct client *client, const char *path)
{
	struct source source = { .fd = STDIN_FILENO };
	enum status st;

	if (strcmp(path, "-") != 0)
		source.fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (source.fd == -1 || (source.bytes = malloc(ROOM)) == NULL) {
		st = status_errno("%s", path);
		report_error(client->settings->report, NULL, st);
	} else {
		client->gathering = true;
		report_batch(client->settings->report, path);
		st = run_lines(client, &source);
		(void)report_line(client->settings->report, 0);
		client->gathering = false;
	}
	free(source.bytes);
	if (source.fd > STDERR_FILENO)
		close(source.fd);
	return st;
}
