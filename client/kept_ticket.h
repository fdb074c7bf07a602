/*
 * kept_ticket - tickets of logins that somebody wants kept: each a file of its
 * own, closed to others, in the folder "ftclient" of the user's runtime folder
 * ($XDG_RUNTIME_DIR, or /run/user/UID), which is gone after the last logout.
 *
 * A ticket is for one user of one server, `whom` ("user@host:port"), and for
 * the one key (`pin`) that the server had when it gave the ticket.
 */
#ifndef KEPT_TICKET_H
#define KEPT_TICKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ft1.h"
#include "status.h"

/* Wipe it after use. */
struct kept_ticket {
	uint8_t	bytes[FT1_TICKET_MAX];
	size_t	len;		/* 0: there is none */
	int64_t	until;		/* seconds since 1970; or 0 */
};

/*
 * Look for a ticket.  One that has expired is removed, and only `until` tells
 * of it; where no runtime folder is, there is none.  STATUS_CONFIG if others
 * could have read or written it, with the chmod to run.
 */
enum status kept_ticket_find(struct kept_ticket *out, const char *whom,
    const char *pin);

/* STATUS_CONFIG if no ticket could be kept, for there is no safe place. */
enum status kept_ticket_check_place(void);

/* Keep it, in place of one that is there. */
enum status kept_ticket_keep(const struct kept_ticket *ticket,
    const char *whom, const char *pin);

/* Remove the ticket for that key; of all keys if `pin` is NULL. */
enum status kept_ticket_drop(const char *whom, const char *pin,
    unsigned int *count);

#endif
