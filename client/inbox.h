/*
 * inbox - files on their way from the server, many at a time: each is asked
 * for without waiting for the one before, and told of in order.
 *
 *	inbox_new, inbox_add ..., inbox_settle, inbox_end
 */
#ifndef INBOX_H
#define INBOX_H

#include <stddef.h>
#include <stdint.h>

#include "download.h"
#include "ftclient.h"
#include "status.h"

/* What became of one, and its size; with the thread's text. */
typedef void inbox_done(void *owner, size_t number, uint64_t size,
    enum status st);

struct inbox;

/* The client is borrowed, and so is the owner, which `done` is called with. */
enum status inbox_new(struct inbox **out, struct client *client,
    inbox_done *done, void *owner);

/*
 * Fetch a file, which `done` will know by that number, and tells of if it
 * fails.  What these three return ends it all: a connection that is lost for
 * good, a signal, no memory.
 */
enum status inbox_add(struct inbox *inbox, const struct download_plan *plan,
    size_t number);
enum status inbox_settle(struct inbox *inbox);

/* Wait until one more is asked for without having too many bytes ahead. */
enum status inbox_make_room(struct inbox *inbox);

/*
 * Wait for what was not settled, and free it.  Returns `st` if that is a
 * failure, with its text, or else what came of the waiting.
 */
enum status inbox_end(struct inbox *inbox, enum status st);

#endif
