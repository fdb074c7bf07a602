/*
 * handover - what the monitor reads with its rights and hands to the server
 * process: the configuration and the secrets it names.
 *
 * At the start the server process inherits it by fork; at each reload it comes
 * over the channel as one message.
 */
#ifndef HANDOVER_H
#define HANDOVER_H

#include <stdbool.h>
#include <stddef.h>

#include "server_config.h"
#include "status.h"

#define HANDOVER_FILE_MAX (1u << 20)	/* bytes of each PEM file */

struct handover_bytes {
	unsigned char	*bytes;		/* owned, cleansed when freed */
	size_t		 len;
};

struct handover {
	char		*config_text;	/* owned */
	char		*config_file;	/* owned; its name in messages */
	struct config	*config;	/* owned; parsed from the text */
	struct handover_bytes certificate;	/* PEM chain */
	struct handover_bytes private_key;	/* PEM */
	struct handover_bytes ticket_keys;	/* text of the key file */
};

/*
 * Parse the text and read the files that it names.  Makes the file of ticket
 * keys if it is missing, and rotates it when its time has come, unless this is
 * `only_a_test`, which changes no file.  For the monitor; STATUS_CONFIG or what
 * reading came to, with the path.
 */
enum status handover_make(struct handover **out, const char *config_text,
    const char *config_file, bool only_a_test);

void handover_free(struct handover *handover);

#endif
