/*
 * known_hosts - the servers whose keys somebody has trusted, one a line:
 *
 *	HOST:PORT sha256//BASE64
 *
 * Empty lines and lines that begin with # are skipped.
 */
#ifndef KNOWN_HOSTS_H
#define KNOWN_HOSTS_H

#include "status.h"

enum known {
	KNOWN_NOT,	/* there is no line for this server */
	KNOWN_SAME,	/* a line has this key */
	KNOWN_OTHER	/* there are lines, and all have other keys */
};

/* The line that has the key, or else the first one for the server. */
struct known_line {
	unsigned int	number;		/* 0: there is none */
	char		key[64];	/* cut, if it is longer */
};

/*
 * Look up a server by the name that destination_name gives.  A file that does
 * not exist knows nobody.
 */
enum status known_hosts_find(enum known *out, struct known_line *line,
    const char *path, const char *name, const char *pin);

/* Add a line; makes the file if it is missing. */
enum status known_hosts_add(const char *path, const char *name,
    const char *pin);

#endif
