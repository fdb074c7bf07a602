/*
 * quick - a server for one folder without a configuration: all that it needs is
 * made on first use, and then goes the way of a configuration file.
 */
#ifndef QUICK_H
#define QUICK_H

#include "quick_identity.h"
#include "status.h"

#define QUICK_NAME "--quick"	/* instead of a file's, in messages */

struct quick_options {
	const char	*dir;		/* what is served; NULL: not quick */
	const char	*listen;	/* NULL: 127.0.0.1:4433 */
	const char	*user;		/* NULL: whoever starts it */
	const char	*password_file;	/* NULL: make one up */
	const char	*state;		/* NULL: XDG's */
};

struct quick {
	char		*config_text;	/* owned */
	char		*user;		/* owned */
	char		 pin[QUICK_PIN_MAX];
};

/*
 * Make what is missing.  A password that was made up is printed on standard
 * output at once, so that none is lost by a start that fails later.
 */
enum status quick_prepare(struct quick *out,
    const struct quick_options *options);

/* Print the ftclient line for a server at `address` (ADDR:PORT). */
void quick_say(const struct quick *quick, const char *address);

void quick_clear(struct quick *quick);

#endif
