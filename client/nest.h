/*
 * nest - a folder here into which a whole folder of the server comes: nothing
 * that is made in it, by whatever path below, lies elsewhere.  No link on the
 * way is followed, whoever has put it there.
 *
 * A file stands under its name only when all of it is there.
 */
#ifndef NEST_H
#define NEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "file_time.h"
#include "status.h"

struct nest;

/* The folder at that path here, which is there already. */
enum status nest_open(struct nest **out, const char *local);

/* nest_close(NULL) does nothing. */
void nest_close(struct nest *nest);

/* What is here at a path of the nest, for others; to be freed, or NULL. */
char *nest_path(const struct nest *nest, const char *path);

/* The folder itself, for who makes files in it by parts (part.h). */
int nest_top(const struct nest *nest);

/*
 * Make a folder; the one above it is there.  `*is_new` is false if it was there
 * before.
 */
enum status nest_folder(struct nest *nest, const char *path, bool *is_new);

/* Its permission bits and its time, once nothing more comes into it. */
enum status nest_finish(struct nest *nest, const char *path, uint32_t mode,
    struct file_time time);

struct nest_file {
	const char	*path;
	const void	*bytes;
	size_t		 len;
	bool		 is_free;	/* probably nothing has that name */
	bool		 keeps;		/* these two */
	uint32_t	 mode;
	struct file_time time;
};

/* Make a file, or replace one.  What else stands there stays. */
enum status nest_file(struct nest *nest, const struct nest_file *file);

#endif
