/*
 * mailbox - where results come back to a session from the lines.  It outlives
 * the session while a line still holds it; letters to a closed one are dropped.
 */
#ifndef MAILBOX_H
#define MAILBOX_H

enum letter_kind {
	LETTER_BATCH,
	LETTER_WAITER
};

/* To be the first member of what is sent. */
struct letter {
	enum letter_kind kind;
	struct letter	*next;
	void		(*drop)(struct letter *letter);	/* frees it */
};

struct mailbox;

/*
 * `wake(ctx)` is called with each letter, by the thread that posts it, never
 * after mailbox_close.  One reference for the caller; NULL without memory.
 */
struct mailbox *mailbox_new(void (*wake)(void *ctx), void *ctx);

struct mailbox *mailbox_ref(struct mailbox *mailbox);
void mailbox_unref(struct mailbox *mailbox);

/* Hand over a letter. */
void mailbox_post(struct mailbox *mailbox, struct letter *letter);

/* The oldest letter, now the caller's, or NULL. */
struct letter *mailbox_take(struct mailbox *mailbox);

/*
 * No more wake-ups and no more letters; those in it are dropped.
 * Keeps the reference.
 */
void mailbox_close(struct mailbox *mailbox);

#endif
