/*
 * preflight - does all that a configuration names fit together?  Asked at the
 * start, by ftserver -t, and at each reload, so that a bad one changes nothing.
 */
#ifndef PREFLIGHT_H
#define PREFLIGHT_H

#include <stdbool.h>

#include "handover.h"
#include "status.h"

#define PREFLIGHT_SESSIONS 10000u	/* the default of max_sessions */

struct preflight {
	const char	*text;
	const char	*file;		/* its name for errors */
	bool		 only_a_test;	/* change no file */
	/* Told of what is odd but no error; NULL: nobody. */
	void		(*warn)(void *ctx, const char *text);
	void		*warn_ctx;
};

/*
 * Parse, read what is named, and check: certificate, key and ticket keys; user
 * file; bases; account; addresses; the number of open files.  The text of a
 * failure says what and where; loose_ends.h has what is only warned of.
 */
enum status preflight(struct handover **out, const struct preflight *what);

/* As many sessions as the hard limit of open files leaves room for. */
unsigned int preflight_sessions_that_fit(void);

#endif
