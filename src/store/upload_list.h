/*
 * upload_list - the unfinished uploads of a user, one after the other.
 */
#ifndef UPLOAD_LIST_H
#define UPLOAD_LIST_H

#include "upload_plan.h"
#include "status.h"
#include "walk.h"

struct upload_list;

struct upload_listed {
	uint8_t		 id[UPLOAD_ID_SIZE];
	bool		 has_size, is_tree;
	uint64_t	 size;
	uint64_t	 held;		/* bytes of whole pieces */
	struct file_time time;		/* of the last piece */
	const char	*path;		/* the list's, until the next call */
};

/* `place` and `user` are copied. */
enum status upload_list_begin(struct upload_list **out,
    const struct place *place, const char *user);

/*
 * Looks at no more than a few records.  `*found` says whether `*out` is one;
 * `*more` is false at the end.
 */
enum status upload_list_next(struct upload_list *list,
    struct upload_listed *out, bool *found, bool *more);

void upload_list_end(struct upload_list *list);

#endif
