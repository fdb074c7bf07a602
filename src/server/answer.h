/*
 * answer - where a handler says what came of a request.  The face behind it
 * turns that into bytes; handlers know no face.
 *
 * Each request gets exactly one final answer: answer_ok or answer_error, at
 * once, or later from the producer or for the consumer that the handler left.
 */
#ifndef ANSWER_H
#define ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base.h"
#include "digest.h"
#include "file_time.h"
#include "status.h"
#include "version.h"

struct upload_listed;
struct quota_usage;
struct upload_receipt;
struct waiter;

/* A file as clients see it. */
struct file_facts {
	const char	*name;		/* borrowed; ends with NUL */
	char		 type;		/* 'f', 'd', 'l', 'o' */
	uint16_t	 mode;
	uint64_t	 size;
	struct file_time mtime;
	uint8_t		 version[VERSION_SIZE];
	const char	*mime;		/* borrowed, or NULL; of a listing */
};

/* A range that is locked, as clients see it. */
struct lock_facts {
	const char	*path;		/* borrowed, as all strings here */
	const char	*user;
	uint64_t	 session;
	bool		 own, exclusive;
	uint64_t	 start;
	uint64_t	 length;	/* 0: to the end of all */
};

/* What a good end tells; what is NULL or not set is not told. */
struct outcome {
	const char		*path;
	const struct file_facts	*entry;
	const char		*mime;	/* type of the entry */
	const char		*link;	/* text of the entry's link */
	bool			 has_count;
	uint64_t		 count;
	bool			 has_content;	/* size, version and digest */
	uint64_t		 size;
	uint8_t			 version[VERSION_SIZE];
	uint8_t			 digest[DIGEST_SIZE];
	bool			 has_size;	/* without a digest */
	bool			 has_version;	/* likewise */
	const uint8_t		*sum;
	size_t			 sum_len;
	bool			 has_free;
	uint64_t		 free;
	const struct quota_usage *quota;	/* limits that there are */
	bool			 has_durability;
	enum durability		 durability;
	const struct upload_receipt *receipt;
};

struct answer;

/*
 * A long answer: pulled whenever the client can take more, until it has given
 * the final one.
 */
struct producer;
enum pull {
	PULL_AGAIN,	/* the room is used up: pull again later */
	PULL_ON,	/* there is more to do, and nothing to wait for */
	PULL_WAITS,	/* it belongs to the waiter that it has left */
	PULL_DONE	/* the final answer has been given */
};
struct producer_ops {
	enum pull (*pull)(struct producer *producer, struct answer *answer);
	void (*free)(struct producer *producer);
};
struct producer {
	const struct producer_ops *ops;
	/* The client has taken nothing for a while; may be NULL. */
	void (*stalled)(struct producer *producer);
};

/*
 * A commit may leave a waiter that gives the final answer; what that needs of
 * the consumer is its own then.
 *
 * A handler may leave a producer beside a consumer: it gives no final answer
 * then, and is freed before the consumer.
 *
 * A long request: fed with content as it arrives, then committed.  A feed or
 * commit that fails is answered by the face; the good end of a commit comes
 * through the mailbox, or is told by the commit itself to the caller's answer,
 * which outlives the consumer.  Freed by the face in any case.
 */
struct consumer;
struct consumer_ops {
	enum status (*feed)(struct consumer *consumer, uint64_t offset,
	    const void *bytes, size_t len);
	enum status (*commit)(struct consumer *consumer, uint64_t size,
	    const uint8_t digest[DIGEST_SIZE]);
	void (*free)(struct consumer *consumer);
	/* The client gives it up for good: called before free; may be NULL. */
	void (*abort)(struct consumer *consumer);
};
struct consumer {
	const struct consumer_ops *ops;
	bool		 ends_at_commit;	/* the face says OK at once */
};

typedef uint8_t answer_digest[DIGEST_SIZE];

/* Digests of pieces that lie one behind the other. */
struct answer_pieces {
	bool		 is_have;	/* of an upload that is resumed */
	uint64_t	 offset;	/* where the first one begins */
	size_t		 count;		/* ANSWER_PIECES at most */
	const answer_digest *digest;
};
#define ANSWER_PIECES 256u
#define answer_digests(rows) ((const answer_digest *)(rows))

/* One row of a folder that is sent with all in it. */
struct answer_member {
	const struct file_facts *facts;	/* or NULL; the name is a path */
	bool		 is_end;	/* the file told last has gone out */
	uint8_t		 digest[DIGEST_SIZE];	/* then */
	enum status	 failed;	/* then, with the thread's text: */
	const char	*path;		/* of what cannot be had */
	bool		 is_total;	/* all of it is so much: */
	uint64_t	 files, bytes;
};
#define ANSWER_WHOLE_MOST 32768u	/* bytes of a file in one row */

struct answer_ops {
	void (*ok)(struct answer *answer, const struct outcome *outcome);
	void (*error)(struct answer *answer, enum status st, const char *text,
	    const char *holder);
	void (*begun_get)(struct answer *answer,
	    const struct file_facts *facts);
	void (*begun_put)(struct answer *answer, const uint8_t *upload_id);
	bool (*entry)(struct answer *answer, const struct file_facts *facts);
	bool (*pieces)(struct answer *answer, const struct answer_pieces *row);
	bool (*upload)(struct answer *answer,
	    const struct upload_listed *upload);
	bool (*held)(struct answer *answer, const struct lock_facts *facts);
	bool (*member)(struct answer *answer, const struct answer_member *row);
	void *(*whole_room)(struct answer *answer,
	    const struct file_facts *facts);
	void (*whole)(struct answer *answer, const uint8_t *digest);
	void *(*data_room)(struct answer *answer, size_t *room);
	void (*data)(struct answer *answer, uint64_t offset, size_t len);
	void (*produce)(struct answer *answer, struct producer *producer);
	void (*consume)(struct answer *answer, struct consumer *consumer);
	void (*wait)(struct answer *answer, struct waiter *waiter);
};

struct answer {
	const struct answer_ops *ops;
};

/* The good end; `outcome` may be NULL. */
void answer_ok(struct answer *answer, const struct outcome *outcome);

/* The bad end, with the thread's text and holder for `st`. */
void answer_error(struct answer *answer, enum status st);

/* Interim: a get begins; an upload has an id by which it can be resumed. */
void answer_begun_get(struct answer *answer, const struct file_facts *facts);
void answer_begun_put(struct answer *answer, const uint8_t *upload_id);

/* Interim: one name of a listing.  False if there is no room now. */
bool answer_entry(struct answer *answer, const struct file_facts *facts);

/* Interim: digests of pieces; an unfinished upload.  False without room. */
bool answer_pieces(struct answer *answer, const struct answer_pieces *row);
bool answer_upload(struct answer *answer, const struct upload_listed *upload);
/* Interim: one locked range.  False if there is no room now. */
bool answer_held(struct answer *answer, const struct lock_facts *facts);

/* Interim: one row of a folder with all in it.  False without room. */
bool answer_member(struct answer *answer, const struct answer_member *row);

/*
 * Interim: a file of at most ANSWER_WHOLE_MOST bytes as one row.  Fill facts->
 * size bytes at the place returned (NULL if there is no room now), then give
 * their digest, or NULL to take the row back.
 */
void *answer_whole_room(struct answer *answer,
    const struct file_facts *facts);
void answer_whole(struct answer *answer, const uint8_t *digest);

/*
 * Interim: content.  Fill at most `*room` bytes at the place returned (NULL if
 * there is no room now), then say how many, and their offset in the file.
 */
void *answer_data_room(struct answer *answer, size_t *room);
void answer_data(struct answer *answer, uint64_t offset, size_t len);

/* The final answer comes later; the face owns these now. */
void answer_produce(struct answer *answer, struct producer *producer);
void answer_consume(struct answer *answer, struct consumer *consumer);
void answer_wait(struct answer *answer, struct waiter *waiter);

#endif
