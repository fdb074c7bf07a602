/*
 * log - lines for the administrator on standard error, one line per event
 * whatever is in it.  Callable from every thread; a line is one write.
 */
#ifndef LOG_H
#define LOG_H

#include <stdint.h>

enum log_level {
	LOG_LEVEL_ERROR,	/* the server cannot do what it should */
	LOG_LEVEL_NOTICE,	/* start, stop, reload, refusals */
	LOG_LEVEL_INFO,		/* connections, logins; -d */
	LOG_LEVEL_DEBUG,	/* phase changes; -dd */
	LOG_LEVEL_TRACE		/* each message by name and length; -ddd */
};

/* Set once at start, and at reloads. */
void log_set_level(enum log_level level);
int log_is_on(enum log_level level);

/*
 * One line.  `session` is the session's number, 0 for none.  All that came from
 * outside is escaped here, so callers pass it as it is.
 */
void log_line(enum log_level level, uint64_t session, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * The same at LOG_LEVEL_NOTICE for a text whose parts are escaped already.
 */
void log_escaped(uint64_t session, const char *text);

/*
 * Between the two calls what this thread logs by log_escaped is collected, so
 * that many lines cost one write.
 */
void log_gather(void);
void log_flush(void);

#endif
