/*
 * sync - a folder here and one on the server, made alike, one way: what the
 * target lacks or has differently is sent, what only it has may be removed.
 *
 *	begin with what is above `here`, then sync_compare, sync_run
 *
 * One step stands for each path that either of them has.
 */
#ifndef SYNC_H
#define SYNC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "digest.h"
#include "errands.h"
#include "ftclient.h"
#include "inbox.h"
#include "local_tree.h"
#include "outbox.h"
#include "remote_tree.h"
#include "tally.h"
#include "tree_options.h"

enum sync_what {
	SYNC_SAME,
	SYNC_LEFT,		/* as it is: skipped, kept or failed */
	SYNC_MAKE,		/* a folder that is missing */
	SYNC_NEW,		/* a file, likewise */
	SYNC_CHANGED,
	SYNC_CHECK,		/* its content is to be compared */
	SYNC_FACTS,		/* only time or permission bits differ */
	SYNC_GONE,		/* only the target has it */
	SYNC_BLOCKED		/* the target has something of another kind */
};

/* What stands at a path on one side. */
struct sync_entry {
	const char	*path;		/* borrowed of its tree */
	char		 type;		/* 'f', 'd', 'l', 'o'; NUL: nothing */
	uint32_t	 mode;
	uint64_t	 size;
	struct file_time mtime;
};

struct sync_step {
	const char	*path;		/* borrowed of a tree */
	struct sync_entry from, to;
	enum sync_what	 what;
	bool		 is_kept;	/* what the target has there stays */
	bool		 is_late;	/* something must be removed first */
	bool		 is_sent;	/* or has failed, by the fleet */
	bool		 is_touched;	/* a folder; something in it changes */
	uint8_t		 digest[DIGEST_SIZE];	/* the server's */
	_Atomic uint64_t moved;		/* bytes of its content that came */
	uint64_t	 spared;	/* ... and that did not have to */
};

struct sync;

/* How the target is changed; failures are told by sync_told. */
struct sync_ops {
	enum status	(*make_folder)(struct sync *, struct sync_step *);
	enum status	(*send)(struct sync *, struct sync_step *);
	/* The time is set, too, if it is not NULL. */
	enum status	(*set_facts)(struct sync *, struct sync_step *,
	    uint32_t mode, const struct file_time *time);
	enum status	(*remove)(struct sync *, struct sync_step *);
	enum status	(*settle)(struct sync *);
};

extern const struct sync_ops sync_up, sync_down;

struct sync {
	struct letter_watch watch;
	struct client	*client;	/* borrowed */
	const struct sync_ops *ops;
	char		*local;		/* owned; without slashes at its end */
	char		*remote;	/* owned */
	bool		 checks;
	uint32_t	 wait;		/* seconds, for locks of others */
	unsigned int	 jobs;		/* connections */
	struct tree_options options;	/* what is to be sent */
	struct tree_options names;	/* of these, only patterns of names:
					 * what the whole is about */
	int		 top;		/* owned: the local folder, or -1 */
	bool		 is_watching;	/* ends by a signal, and without harm */
	const char	*prefix;	/* borrowed; of paths that are told, if
					 * only a part is at work; or NULL */

	struct local_tree here;
	struct remote_tree there;
	struct sync_step *at;		/* owned; by the bytes of the paths */
	size_t		 len;
	struct errands	*errands;	/* owned; this and the next while */
	struct inbox	*inbox;		/* owned; things are done */

	struct tally	 tally;		/* files sent, folders made, bytes */
	uint64_t	 same, facts, total;
};

/* sync_compare.c: make the steps of the two trees. */
enum status sync_compare(struct sync *sync);

/* Are time and permission bits the same, as far as both keep them? */
bool sync_has_same_facts(const struct sync_step *step);

/* The step of the folder that holds it; NULL for the topmost. */
struct sync_step *sync_parent(const struct sync *sync, const char *path);

/* The step of that path, or NULL. */
struct sync_step *sync_find(const struct sync *sync, const char *path);

/* sync_check.c: settle each SYNC_CHECK by the digests of both. */
enum status sync_check(struct sync *sync);

/* sync.c: do what the steps say, or tell of it. */
enum status sync_run(struct sync *sync);

/*
 * sync_fleet.c: move those files over several connections of which nothing is
 * at the target that could be made use of.
 */
enum status sync_send_whole(struct sync *sync);

/* Is it a file that is to be moved before anything is removed? */
bool sync_is_to_send(const struct sync *sync, const struct sync_step *step);

/* Forget trees and steps. */
void sync_clear(struct sync *sync);

/* sync_once.c: read both trees, compare, run, and sum up. */
enum status sync_once(struct sync *sync);

/* sync_watch.c: again and again, until a signal comes. */
enum status sync_watch(struct sync *sync);

/* sync_tell.c: something was done, or has failed with the thread's text. */
enum sync_deed { SYNC_MADE, SYNC_SENT, SYNC_SET, SYNC_REMOVED };
void sync_told(struct sync *sync, struct sync_step *step,
    enum sync_deed deed, enum status st);

/* A folder that is to go is not empty: what is left out of it all stays. */
void sync_not_empty(struct sync *sync, const struct sync_step *step);

/* The paths here and there of what is at that path of both; to be freed. */
char *sync_here(const struct sync *sync, const char *path);
char *sync_there(const struct sync *sync, const char *path);

/* sync_up.c: what came of a request for a path. */
void sync_errand_done(void *owner, const struct errand *errand,
    enum status st);
void sync_letter_sent(struct letter_watch *watch,
    const struct sending *sending);
void sync_letter_failed(struct letter_watch *watch,
    const struct sending *sending, enum status st);

/* sync_down.c: what came of a file that was asked for. */
void sync_fetched(void *owner, size_t number, uint64_t size,
    enum status st);

#endif
