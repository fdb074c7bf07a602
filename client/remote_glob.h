/*
 * remote_glob - the files of the server that a pattern stands for, as shells
 * have it: *, ? and [...] stand for no slash, and at the beginning of a name
 * for no dot.  They are found by listing folders; a server that names what
 * does not fit is not believed.
 */
#ifndef REMOTE_GLOB_H
#define REMOTE_GLOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "file_time.h"
#include "ftclient.h"
#include "status.h"

struct remote_match {
	char		*path;		/* as the pattern begins */
	char		 type;		/* 'f', 'd', 'l' or 'o' */
	uint64_t	 size;
	struct file_time mtime;
};

/* Begin with { 0 }. */
struct remote_matches {
	struct remote_match *at;	/* owned, with their paths */
	size_t		 len, room;
};

/* Does it have anything to expand? */
bool remote_glob_is_pattern(const char *word);

/*
 * Add what is there, by name.  STATUS_NOT_FOUND if nothing is; a word that is
 * no pattern stands for itself.
 */
enum status remote_glob(struct remote_matches *out, struct client *client,
    const char *word);

/*
 * Takes over the path, also when it fails; NULL: there was no memory for it.
 * The rest is as of `like`.
 */
enum status remote_matches_add(struct remote_matches *matches, char *path,
    const struct remote_match *like);

void remote_matches_clear(struct remote_matches *matches);

#endif
