/*
 * host_config - what a file, ftclient-config(5), says of hosts: sections with
 * patterns for their names, and in each of them where they really are, as whom
 * to log in, and options.
 */
#ifndef HOST_CONFIG_H
#define HOST_CONFIG_H

#include "command_line.h"
#include "status.h"

struct host_config;

/* Strings are borrowed of the configuration; NULL where nothing is said. */
struct host_section {
	const char	*patterns;
	const char	*hostname;
	const char	*user;
	const char	*port;
	const char	*folder;
	struct command_line options;	/* as if given on a command line */
};

/*
 * Read the file, which nobody but the user and root may be able to change.
 * STATUS_CONFIG as FILE:LINE: what is wrong.
 */
enum status host_config_read(struct host_config **out, const char *path);

/* The same from a text that was read from `path`, and is changed. */
enum status host_config_parse(struct host_config **out, char *text,
    const char *path);

/*
 * The next section for that host, in the order of the file, from number `*next`
 * on, which begins with 0; NULL if there is no more.
 */
const struct host_section *host_config_next(const struct host_config *config,
    const char *host, size_t *next);

/* host_config_free(NULL) does nothing. */
void host_config_free(struct host_config *config);

#endif
