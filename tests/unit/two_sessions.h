/*
 * two_sessions - a store with the file "a" of ten bytes, and two sessions of
 * one server that lock, read, write and replace.
 */
#ifndef TWO_SESSIONS_H
#define TWO_SESSIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "own_hold.h"
#include "own_locks.h"
#include "store_support.h"

#define ALL 0, 0

/* Each has names of its own. */
struct session {
	struct own_locks *own;
	struct place	 place;
	struct names	*names;
};

extern struct store store;
extern struct session alice, bob;

void sessions_open(void);
void sessions_close(void);

void begin_session(struct session *session, const char *user,
    uint64_t number);
void end_session(struct session *session);

enum status lock(struct session *session, const char *path,
    enum range_lock_kind kind, uint64_t start, uint64_t length);
enum status unlock(struct session *session, const char *path,
    uint64_t start, uint64_t length);
/* Lock a part of "a". */
enum status shared(struct session *session, uint64_t start, uint64_t length);
enum status exclusive(struct session *session, uint64_t start,
    uint64_t length);

enum status rm(struct session *session, const char *path);
enum status mv(struct session *session, const char *path,
    const char *target);
enum status put(struct session *session, const char *path, const char *text);

/* Begin to read or write a part of "a", and at once end. */
enum status read_part(struct session *session, uint64_t start,
    uint64_t length);
enum status write_part(struct session *session, uint64_t start,
    uint64_t length);

/* What a local program would meet, by the type it asks for. */
bool local_may(short type, off_t start, off_t len);

#endif
