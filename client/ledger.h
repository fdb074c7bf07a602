/*
 * ledger - the ids of uploads that were begun, kept where the client keeps its
 * state, so that another run of it can go on with them.
 */
#ifndef LEDGER_H
#define LEDGER_H

#include <stdbool.h>
#include <stdint.h>

#include "destination.h"
#include "ft1.h"
#include "status.h"

/* What is sent where. */
struct ledger_key {
	const struct destination *target;
	const char	*folder;	/* the server's current one, or NULL */
	const char	*path;		/* the server's */
	const char	*local;
};

/* False if none is known. */
bool ledger_find(uint8_t id[FT1_ID_SIZE], const struct ledger_key *key);

/* What cannot be written is not remembered, which does no other harm. */
void ledger_note(const struct ledger_key *key, const uint8_t id[FT1_ID_SIZE]);

void ledger_forget(const struct ledger_key *key);

#endif
