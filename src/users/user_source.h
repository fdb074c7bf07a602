/*
 * user_source - the user file of a running server, always as it is now.
 *
 *	user_source_new, then user_source_get per request ..., user_source_free
 *
 * Any number of threads may ask at once.  A file that is missing or broken
 * leaves the table as it was, and is reported once, not once per request.
 */
#ifndef USER_SOURCE_H
#define USER_SOURCE_H

#include "status.h"
#include "user_file.h"

struct user_source;

/*
 * What a reload has come to; called under the source's lock, by the thread that
 * asked, so it must not call the source.  With STATUS_OK the text names the
 * file and the number of users; warnings come as STATUS_OK too.
 */
struct user_source_report {
	void	(*tell)(void *ctx, enum status st, const char *text);
	void	*ctx;
};

/*
 * Read the file for the first time.  It must be there and whole, else
 * STATUS_CONFIG or what reading it came to.  `report` may be NULL; it is not
 * told of the first read's failure, which is returned.
 */
enum status user_source_new(struct user_source **out, const char *path,
    const struct user_source_report *report);

/*
 * The current table, with a reference that the caller gives back by
 * users_unref.  Looks at the file (one stat) and reads it anew if it is another
 * one or was changed.  Never NULL.
 */
struct users *user_source_get(struct user_source *source);

/* Sources are freed once no thread uses them; tables given out live on. */
void user_source_free(struct user_source *source);

#endif
