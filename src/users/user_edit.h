/*
 * user_edit - change the user file, whole or not at all.
 *
 *	user_edit_begin, then user_edit_users and changes ...,
 *	then user_edit_commit or user_edit_abort
 *
 * An edit holds FILE.lock exclusively from beginning to end and has read the
 * file under it, so that edits of several programs follow each other.  The new
 * file has the owner and mode of the old one, and takes its place by a rename
 * that is on disk before the commit returns.  Comments and unknown keys stay.
 */
#ifndef USER_EDIT_H
#define USER_EDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "user_file.h"

#define USER_EDIT_WAIT_MS 10000		/* for ftuser; servers wait less */

struct user_edit;

/*
 * Take the lock, waiting up to `wait_ms` (then STATUS_LOCKED), and read the
 * file.  With `create` a missing file is an empty one, made with mode 0640.
 */
enum status user_edit_begin(struct user_edit **out, const char *path,
    bool create, unsigned int wait_ms);

/*
 * The file as it is with the changes made so far.  It and its users live until
 * the next change, commit or abort.
 */
const struct users *user_edit_users(const struct user_edit *edit);

/* The text of a user's line, parsed; free it with user_line_free. */
enum status user_edit_line(struct user_line *out, const struct user_edit *edit,
    const struct user *user);

/*
 * Put `text` (lines that each end with a newline; may be empty) in the place of
 * a user's line, or with NULL at the end.  Nothing changes if the result would
 * be no good user file: STATUS_CONFIG; STATUS_EXISTS if a name stands there
 * twice.
 */
enum status user_edit_replace(struct user_edit *edit, const struct user *user,
    const char *text);

/* Put the new file in place.  Frees `edit`, whatever the outcome. */
enum status user_edit_commit(struct user_edit *edit);

/* Drop the changes and the lock.  user_edit_abort(NULL) does nothing. */
void user_edit_abort(struct user_edit *edit);

struct user_renewal {
	const char	*path;
	const char	*name;
	const uint8_t	*digest;	/* of the line that was verified */
	const char	*hash;		/* the new one */
	unsigned int	 wait_ms;
};

/*
 * Give a user a new hash of the same password, if the line still is as it was
 * when the password was verified; else STATUS_CHANGED, and nothing changes.
 * STATUS_NOT_PERMITTED if the hash is none of crypt(3): nobody needs another
 * then, whatever a server process asks for.
 */
enum status user_edit_renew_hash(const struct user_renewal *renewal);

#endif
