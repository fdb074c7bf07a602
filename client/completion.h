/*
 * completion - how the last word of a line that is being typed can go on:
 * commands, their options, names here and on the server.
 */
#ifndef COMPLETION_H
#define COMPLETION_H

#include <stdbool.h>
#include <stddef.h>

#include "remote_names.h"
#include "status.h"

struct completion_name {
	char	*name;		/* owned; of a path its last component */
	bool	 is_folder;
};

struct completion {
	size_t	 start;		/* of the word in the line */
	char	*text;		/* owned; what takes its place; or NULL */
	bool	 is_unique;	/* there is no other */
	size_t	 count;		/* of all that would go */
	size_t	 room;
	struct completion_name *names;	/* owned; sorted */
};

/*
 * Whatever st is, free it with completion_free.  STATUS_OK without names if
 * there is nothing to say.
 */
enum status completion_find(struct completion *out,
    struct remote_names *remote, const char *line);
void completion_free(struct completion *completion);

#endif
