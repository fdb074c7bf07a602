/*
 * stub_face - a face that only notes what handlers answer, and a caller made by
 * hand.  It knows no protocol and no session, as no handler may need one.
 */
#ifndef STUB_FACE_H
#define STUB_FACE_H

#include <semaphore.h>

#include "batch_former.h"
#include "caller.h"
#include "command.h"
#include "kit.h"
#include "own_locks.h"
#include "store_support.h"

#define STUB_ROOM	16384	/* content that can be taken between pulls */
#define STUB_ENTRIES	64
#define STUB_CONTENT	(256 * 1024)

struct stub_face {
	struct answer	 answer;
	unsigned int	 finals;	/* there must be one */
	enum status	 st;		/* of the last final answer */
	char		 text[600];	/* its words, for an error */
	char		 holder[320];	/* and who is in the way */
	struct outcome	 outcome;	/* pointers in it are NULL, but ... */
	bool		 has_path, has_entry;
	char		 path[WALK_PATH_ROOM];	/* ... its path, ... */
	struct file_facts facts;	/* ... its entry or the get's; */
	char		 name[256];	/* the name of these */
	bool		 has_begun_get, has_begun_put;
	uint8_t		 upload_id[UPLOAD_ID_SIZE];
	uint8_t		 sum[64];
	size_t		 entry_count, entry_room;	/* room between pulls */
	char		 entries[STUB_ENTRIES][258];	/* type, then name */
	uint8_t		 content[STUB_CONTENT];	/* by offset in the file */
	uint64_t	 received;	/* bytes of content */
	size_t		 data_room;	/* room between pulls */
	size_t		 data_left;
	struct producer	*producer;	/* owned */
	struct consumer	*consumer;	/* owned */
	struct waiter	*waiter;	/* the caller's */
};

/* All that a handler needs. */
struct desk {
	struct store	 store;
	struct base	*bases[1];	/* the store's */
	struct kit	*kit;
	struct flush_line *line;
	struct mailbox	*mailbox;
	struct lock_table *table;
	sem_t		 letters;
	struct batch_former *former;
	struct audit_who who;
	struct parcel	*parcel;
	struct caller	 caller;
	char		 cwd[WALK_PATH_ROOM];
	struct stub_face face;
};

void desk_open(struct desk *desk, enum durability durability);
/* Also sees that no stage is left. */
void desk_close(struct desk *desk);

/* A request with a path; `request` is then filled in further. */
struct request desk_request(enum verb verb, const char *path);

/* Forget what was answered, and run the handler. */
void desk_run(struct desk *desk, const struct request *request);

/*
 * Run it, pull what it leaves to the end, and return the status of the one
 * final answer.
 */
enum status desk_ask(struct desk *desk, const struct request *request);
/* The same for a verb and a path. */
enum status desk_do(struct desk *desk, enum verb verb, const char *path);

/* Pull once.  True while there is more. */
bool desk_pull(struct desk *desk);

/* The batch that has come back; wait for it.  The caller frees it. */
struct batch *desk_batch(struct desk *desk);

/* Has the listing this entry, such as "fname"? */
bool desk_lists(const struct desk *desk, const char *entry);

#endif
