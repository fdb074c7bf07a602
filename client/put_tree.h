/*
 * put_tree - a local folder on its way to the server, member by member, for the
 * two commands that send one: put -r, and put -r --atomic.
 */
#ifndef PUT_TREE_H
#define PUT_TREE_H

#include <stdbool.h>
#include <stdint.h>

#include "ftclient.h"
#include "local_tree.h"
#include "outbox.h"
#include "tally.h"

/* Of a folder that is sent as one: a member of which the server has it all. */
struct put_held {
	bool		 is_there;
	uint64_t	 size;
	uint8_t		 digest[FT1_ID_SIZE];
};

struct put_tree {
	struct client	*client;	/* borrowed */
	struct tally	 tally;
	struct tree_options options;
	struct local_tree tree;
	char		*local;		/* owned; without slashes at its end */
	char		*target;	/* owned; what it is to be there */
	bool		 keeps, goes_on;
	uint32_t	 wait;		/* seconds, for locks of others */
	unsigned int	 jobs;		/* connections; one for it as one */

	/* as one */
	uint8_t		 taken;		/* as TAKEN of FT/1 */
	bool		 has_id;
	uint8_t		 id[FT1_ID_SIZE];	/* of the folder there */
	struct put_held	*held;		/* owned; one for each local entry */
	size_t		*order;		/* owned; by the bytes of the paths */
};

/* The path there of what has that path here; owned by the caller, or NULL. */
char *put_tree_path(const struct put_tree *put, const char *path);

/*
 * Make its folders, then send its files, then make its links if they are kept;
 * failures are told and counted.
 */
enum status put_tree_make_folders(struct put_tree *put);
enum status put_tree_send_files(struct put_tree *put);
enum status put_tree_make_links(struct put_tree *put);

/* put_tree_as_one.c: all of it, published by one rename. */
enum status put_tree_as_one(struct put_tree *put);

#endif
