/*
 * lockouts - who has failed to log in too often: a user name together with the
 * address it came from, so that a stranger cannot lock anyone out.
 *
 * The table does not grow: when it is full, whoever failed least gives way.
 * Names that nobody has are counted like all others.  Any thread may use it.
 */
#ifndef LOCKOUTS_H
#define LOCKOUTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lockouts;

/* The pair that is counted; at most 255 bytes of the name tell it apart. */
struct lockout_pair {
	const uint8_t	*origin;	/* 16 bytes, by login_origin() */
	const char	*user;
	size_t		 user_len;
};

/*
 * After so many failures, each within `seconds` of the one before it, a pair
 * is locked out for `seconds`.  No tries: nobody ever is.  NULL without memory.
 */
struct lockouts *lockouts_new(unsigned int tries, unsigned int seconds);
/* lockouts_free(NULL) does nothing. */
void lockouts_free(struct lockouts *lockouts);

/* A reload; it counts at once, for those who are locked out as well. */
void lockouts_set(struct lockouts *lockouts, unsigned int tries,
    unsigned int seconds);

/*
 * `now` is always clock_ms().
 */

/* For how many seconds the pair is still locked out; 0: it is not. */
unsigned int lockouts_left(struct lockouts *lockouts,
    const struct lockout_pair *pair, uint64_t now);

/* One failure more; true if it is this one that locks the pair out. */
bool lockouts_failed(struct lockouts *lockouts,
    const struct lockout_pair *pair, uint64_t now);

/* A good login: its failures are forgotten. */
void lockouts_forget(struct lockouts *lockouts,
    const struct lockout_pair *pair);

#endif
