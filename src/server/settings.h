/*
 * settings - what a reload replaces as a whole: configuration, TLS context and
 * ticket keys.  Each session keeps those that it began with.
 */
#ifndef SETTINGS_H
#define SETTINGS_H

#include <openssl/ssl.h>

#include "handover.h"
#include "status.h"
#include "ticket_keys.h"

struct settings {
	struct config	*config;	/* owned; never changed */
	SSL_CTX		*tls;		/* owned */
	struct ticket_keys keys;
};

/* From a handover; takes its config over on success. */
enum status settings_new(struct settings **out, struct handover *handover);

struct settings *settings_ref(struct settings *settings);
/* The last one frees.  settings_unref(NULL) does nothing. */
void settings_unref(struct settings *settings);

#endif
