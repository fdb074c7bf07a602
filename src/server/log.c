/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "log.h"

#include <sys/stat.h>

#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "escape.h"

/* A pipe takes so much whole or not at all (PIPE_BUF). */
#define LINE_MAX_BYTES 4096
#define HEAD_ROOM 96
#define TEXT_MAX ((LINE_MAX_BYTES - HEAD_ROOM) / ESCAPE_GROWTH)

static atomic_int current_level = LOG_LEVEL_NOTICE;
static pthread_mutex_t write_lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned long lost;		/* under write_lock */
static pthread_once_t once = PTHREAD_ONCE_INIT;
static bool to_journal;			/* written once */

/* Whole lines that this thread has collected. */
static _Thread_local struct {
	bool	gathers;
	size_t	lines, len;
	char	bytes[LINE_MAX_BYTES];
} gathered;

static const struct {
	const char	*word;
	int		 priority;	/* of syslog(3) */
} levels[] = {
	[LOG_LEVEL_ERROR] = { "error", 3 },
	[LOG_LEVEL_NOTICE] = { "notice", 5 },
	[LOG_LEVEL_INFO] = { "info", 6 },
	[LOG_LEVEL_DEBUG] = { "debug", 7 },
	[LOG_LEVEL_TRACE] = { "trace", 7 },
};

void
log_set_level(enum log_level level)
{
	atomic_store(&current_level, (int)level);
}

int
log_is_on(enum log_level level)
{
	return (int)level <= atomic_load(&current_level);
}

/* The journal says by device and inode which stream it listens to. */
static void
look_for_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long dev, ino;
	struct stat sb;

	to_journal = stream != NULL &&
	    sscanf(stream, "%llu:%llu", &dev, &ino) == 2 &&
	    fstat(STDERR_FILENO, &sb) == 0 &&
	    sb.st_dev == (dev_t)dev && sb.st_ino == (ino_t)ino;
}

/*
 * Standard error may be a pipe that nobody reads, and is shared with others,
 * so that it must not be made non-blocking: ask, then write.
 */
static bool
write_line(const char *line, size_t len)
{
	struct pollfd pfd = { .fd = STDERR_FILENO, .events = POLLOUT };

	if (poll(&pfd, 1, 0) != 1 || (pfd.revents & POLLOUT) == 0)
		return false;
	return write(STDERR_FILENO, line, len) == (ssize_t)len;
}

static size_t
write_head(char *out, size_t room, enum log_level level, uint64_t session)
{
	struct timespec now;
	char stamp[32], number[24] = "";
	struct tm tm;

	if (session != 0)
		snprintf(number, sizeof(number), "[%llu] ",
		    (unsigned long long)session);
	if (to_journal)
		return (size_t)snprintf(out, room, "<%d>%s",
		    levels[level].priority, number);
	clock_gettime(CLOCK_REALTIME, &now);
	if (gmtime_r(&now.tv_sec, &tm) == NULL ||
	    strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &tm) == 0)
		stamp[0] = '\0';
	return (size_t)snprintf(out, room, "%s.%03ldZ %s %s", stamp,
	    now.tv_nsec / 1000000, levels[level].word, number);
}

/* Say how much is missing as soon as somebody reads again. */
static void
report_lost(void)
{
	char line[HEAD_ROOM + 64];
	size_t len;

	len = write_head(line, HEAD_ROOM, LOG_LEVEL_ERROR, 0);
	len += (size_t)snprintf(line + len, sizeof(line) - len,
	    "%lu lines of this log were lost\n", lost);
	if (write_line(line, len))
		lost = 0;
}

static void
write_or_count(const char *bytes, size_t len, size_t lines)
{
	pthread_mutex_lock(&write_lock);
	if (lost > 0)
		report_lost();
	if (lost > 0 || !write_line(bytes, len))
		lost += lines;
	pthread_mutex_unlock(&write_lock);
}

static void
write_gathered(void)
{
	if (gathered.len > 0)
		write_or_count(gathered.bytes, gathered.len, gathered.lines);
	gathered.len = gathered.lines = 0;
}

void
log_line(enum log_level level, uint64_t session, const char *fmt, ...)
{
	char text[TEXT_MAX], line[LINE_MAX_BYTES];
	va_list ap;
	size_t len;

	if (!log_is_on(level))
		return;
	pthread_once(&once, look_for_journal);
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	len = write_head(line, HEAD_ROOM, level, session);
	len += escape_string(line + len, sizeof(line) - len - 1, text);
	line[len++] = '\n';

	write_or_count(line, len, 1);
}

void
log_escaped(uint64_t session, const char *text)
{
	char line[LINE_MAX_BYTES];
	size_t len, text_len = strlen(text);

	if (!log_is_on(LOG_LEVEL_NOTICE))
		return;
	pthread_once(&once, look_for_journal);
	len = write_head(line, HEAD_ROOM, LOG_LEVEL_NOTICE, session);
	if (text_len > sizeof(line) - len - 1)
		text_len = sizeof(line) - len - 1;
	memcpy(line + len, text, text_len);
	len += text_len;
	line[len++] = '\n';
	if (!gathered.gathers) {
		write_or_count(line, len, 1);
		return;
	}
	if (len > sizeof(gathered.bytes) - gathered.len)
		write_gathered();
	memcpy(gathered.bytes + gathered.len, line, len);
	gathered.len += len;
	gathered.lines++;
}

void
log_gather(void)
{
	gathered.gathers = true;
}

void
log_flush(void)
{
	write_gathered();
	gathered.gathers = false;
}
