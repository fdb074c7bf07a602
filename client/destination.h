/*
 * destination - where to connect, as whom, and in which folder to start.
 */
#ifndef DESTINATION_H
#define DESTINATION_H

#include <stdbool.h>

#include "ft1.h"
#include "status.h"

#define DESTINATION_HOST_MAX 255

struct destination {
	char	user[FT1_USER_MAX + 1];
	char	host[DESTINATION_HOST_MAX + 1];	/* without brackets */
	char	port[6];
	bool	port_given;		/* else it is the usual one */
	char	path[FT1_PATH_MAX + 1];		/* empty if none was given */
};

/*
 * Read "[user@]host[:port][/path]" or a URL "fts://[user@]host[:port][/path]",
 * in which %XX stands for a byte.  An IPv6 address stands in brackets.  The
 * user is left empty if there is none; the port has its default.
 */
enum status destination_parse(struct destination *out, const char *text);

/*
 * Set a part of it alone: a host with or without brackets, a path from the
 * root with or without its slash.  STATUS_USAGE says what is wrong.
 */
enum status destination_set_host(struct destination *out, const char *text);
enum status destination_set_port(struct destination *out, const char *text);
enum status destination_set_user(struct destination *out, const char *text);
enum status destination_set_path(struct destination *out, const char *text);

/* "host:port", the host in brackets if it is an IPv6 address. */
#define DESTINATION_NAME_SIZE (DESTINATION_HOST_MAX + 10)
void destination_name(char out[DESTINATION_NAME_SIZE],
    const struct destination *destination);

#endif
