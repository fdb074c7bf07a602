/*
 * secret - a password on its way from a person to where it is used.
 *
 * Secrets come from a prompt without echo, or are the first line of a file that
 * nobody else may read, of what a command prints, or of standard input; never
 * from the command line, which everybody can see.  The one buffer that holds a
 * secret is wiped by secret_wipe.
 */
#ifndef SECRET_H
#define SECRET_H

#include <stdbool.h>
#include <stddef.h>

#include "status.h"

#define SECRET_MAX 1024		/* bytes; longer ones are refused */

/* Set to { 0 } before its first use. */
struct secret {
	char	 bytes[SECRET_MAX + 1];	/* ended with NUL; never holds one */
	size_t	 len;
};

/* Wipe the bytes.  Wiping an empty secret does nothing. */
void secret_wipe(struct secret *s);

/* Is there a terminal to ask on? */
bool secret_can_ask(void);

/*
 * Ask on the terminal (/dev/tty) without echo.  `prompt` is written as it is,
 * and must have been escaped.  With `again` (NULL for none) the secret is asked
 * for twice and both must be the same.  A signal that ends or stops the program
 * puts the terminal back first.  While it asks no other thread may take
 * signals or ask.  An empty answer is an empty secret.  STATUS_USAGE without a
 * terminal or if the answers differ, STATUS_CANCELLED at end of file or after
 * a signal that the program survived.
 */
enum status secret_ask(struct secret *out, const char *prompt,
    const char *again);

/*
 * The first line of the file, without its newline.  The file must be regular
 * and neither readable nor writable by group or others: STATUS_CONFIG with the
 * chmod to run.
 */
enum status secret_read_file(struct secret *out, const char *path);

/*
 * The first line that the command prints, which /bin/sh runs.  It shares our
 * standard error, and our standard input if that is a terminal.  What it leaves
 * running in the background is not waited for.  STATUS_CONFIG if it fails or
 * prints nothing.
 */
enum status secret_read_command(struct secret *out, const char *command);

/* The first line of `bytes`, or all of them if no newline is there. */
enum status secret_take_line(struct secret *out, const char *bytes, size_t len,
    const char *name);

/* The first line of a descriptor; reads no further and leaves it open. */
enum status secret_read_fd(struct secret *out, int fd, const char *name);

#endif
