/*
 * errands - many small requests to the server, each sent without waiting for
 * the answer to the one before.  What a lost connection or a busy server has
 * left undone is asked again.
 *
 *	errands_new, errands_add ..., errands_settle, errands_end
 */
#ifndef ERRANDS_H
#define ERRANDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ft1.h"
#include "ftclient.h"
#include "patience.h"
#include "status.h"

/* What the server tells of a file. */
struct errand_found {
	char		 type;		/* 'f', 'd', 'l' or 'o' */
	uint16_t	 mode;
	uint64_t	 size;
	struct file_time mtime;
	uint8_t		 version[FT1_ID_SIZE];
	char		*link;		/* text of a link, if asked for */
};

struct errand;

/* Takes all frames of an answer, as a call_receiver does. */
typedef enum status errand_taker(void *owner, const struct errand *errand,
    const struct frame *frame);

struct errand {
	enum ft1_type	 type;		/* of a request that has a path, and
					 * may be made twice */
	errand_taker	*take;		/* NULL: the answer is a plain OK, or
					 * that of a STAT */
	const char	*path;		/* copied */
	size_t		 number;	/* for who hears of it */
	uint32_t	 wait;		/* seconds, for locks of others */
	bool		 has_mode;
	uint32_t	 mode;
	bool		 has_time;
	struct file_time time;
	bool		 has_parents;	/* make those that are missing */
	const char	*link;		/* borrowed: text of a SYMLINK */
	bool		 asks_link;	/* STAT: of a link itself */
	const struct errand_found *found;	/* of STAT, for `done` */
	const uint8_t	*tree;		/* borrowed: id of the folder, sent as
					 * one, that it belongs to; or NULL */
};

/* What became of one, in the order of adding; with the thread's text. */
typedef void errand_done(void *owner, const struct errand *errand,
    enum status st);

struct errands;

/* The client is borrowed, and so is the owner, which `done` is called with. */
enum status errands_new(struct errands **out, struct client *client,
    errand_done *done, void *owner);

/*
 * The failure of a request is told by `done` alone.  What these two return
 * ends it all: a connection that is lost for good, a signal, no memory.
 */
enum status errands_add(struct errands *errands, const struct errand *errand);
enum status errands_settle(struct errands *errands);

/*
 * Wait for what was not settled, and free it.  Returns `st` if that is a
 * failure, with its text, or else what came of the waiting.
 */
enum status errands_end(struct errands *errands, enum status st);

/* May a request that failed so go better now?  Then it is to be made again. */
bool errand_again(struct client *client, struct call *call,
    struct patience *patience, enum status st);

#endif
