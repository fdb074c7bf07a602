/*
 * audit - who did what: one line per login, refusal, transfer and change.
 */
#ifndef AUDIT_H
#define AUDIT_H

#include <stdbool.h>
#include <stdint.h>

#include "digest.h"
#include "status.h"

#define AUDIT_ADDRESS_ROOM 64

/* Who: stays the same for a session. */
struct audit_who {
	uint64_t	 session;
	char		 address[AUDIT_ADDRESS_ROOM];	/* "ADDR:PORT" */
	char		 user[256];			/* "" before login */
};

/* What.  Fields that are NULL or not set are left out of the line. */
struct audit_event {
	const char	*verb;		/* "login", "get", "put" ... */
	const char	*path;		/* clean path, escaped by the log */
	const char	*target;	/* of mv; the fresh name of a put */
	bool		 has_bytes;
	uint64_t	 bytes;
	bool		 has_count;
	uint64_t	 count;		/* of members of a folder */
	uint64_t	 began_us;	/* clock_us() at its start, or 0 */
	const uint8_t	*digest;
	const uint8_t	*upload_id;
	enum status	 outcome;
};

void audit(const struct audit_who *who, const struct audit_event *event);

/*
 * Many events as one write: what audit() says between the two calls is
 * collected by this thread and written by audit_flush.
 */
void audit_gather(void);
void audit_flush(void);

#endif
