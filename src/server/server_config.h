/*
 * server_config - what the administrator wrote, checked whole before anything
 * of it is used.  Immutable once loaded; a reload makes a new one.
 *
 * The keys, their ranges and defaults are in config_keys.h.  (Not config.h,
 * which is what ./configure found.)
 */
#ifndef SERVER_CONFIG_H
#define SERVER_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base.h"
#include "phc.h"
#include "status.h"

struct config_base {
	char		*name;
	char		*path;		/* absolute */
	enum durability	 durability;
};

/* A folder that is mounted, by its name, into the roots of users. */
struct config_share {
	char		*name;
	char		*base;		/* NULL: the first */
	char		*path;		/* below the base; begins with `/` */
	char		**allow;	/* WHO or WHO:RIGHTS; see share.h */
	size_t		 allow_count;
	unsigned int	 durability;	/* enum place_durability */
	uint64_t	 quota_bytes;	/* 0: none */
	uint64_t	 quota_files;
};

struct config {
	/* only a restart can change these */
	char		**listen;	/* "ADDR:PORT", "[ADDR]:PORT" */
	size_t		 listen_count;
	struct config_base *bases;
	size_t		 base_count;	/* right behind bases */
	char		*user;		/* account to run as; NULL: stay */
	char		*state;		/* folder of the server's own */
	char		*user_file;
	unsigned int	 workers;	/* 0 in the file: cores, at least 4 */
	unsigned int	 login_threads;	/* 0: half the cores, at least 1 */
	unsigned int	 max_sessions;

	/* a reload changes these, shares in running sessions too */
	struct config_share *shares;
	size_t		 share_count;	/* right behind shares */
	char		*certificate;	/* PEM files, read by the monitor */
	char		*private_key;
	char		*ticket_keys;	/* key file */
	unsigned int	 ticket_key_lifetime;	/* seconds; 0: not ours */
	bool		 tls12;		/* allow TLS 1.2 */
	unsigned int	 max_per_address;
	unsigned int	 login_queue;	/* waiting logins per address */
	unsigned int	 login_tries;	/* per connection */
	unsigned int	 lockout_tries;	/* per user and address; 0: any */
	unsigned int	 lockout_time;
	unsigned int	 handshake_timeout;	/* all timeouts in seconds */
	unsigned int	 login_timeout;
	unsigned int	 idle_timeout;
	unsigned int	 stall_timeout;	/* a transfer that moves nothing */
	unsigned int	 lock_timeout;	/* a silent session that holds locks */
	unsigned int	 drain_timeout;
	unsigned int	 stage_expiry;
	unsigned int	 login_lifetime;
	unsigned int	 ticket_lifetime;	/* at most 600 */
	struct phc_cost	 hash_cost;	/* for hashes made here */
	bool		 renew_hashes;	/* crypt(3) to argon2id at login */
	unsigned int	 log_level;	/* enum log_level; -d raises it */
};

#define CONFIG_FILE_MAX (1u << 20)	/* bytes */
#define CONFIG_BASES_MAX 64

/*
 * Parse `text`; `file` names it in errors.  Environment variables
 * FTSERVER_SECTION_KEY override (FTSERVER_KEY at the top level,
 * FTSERVER_BASE_NAME_KEY for the base NAME, and so for shares).  STATUS_CONFIG
 * with "FILE:LINE: what, and what to do".  One thread at a time: libConfuse has
 * one parser.
 */
enum status config_parse(struct config **out, const char *text,
    const char *file);

/*
 * Read the text of a file, at most CONFIG_FILE_MAX bytes and no NUL among them.
 * Free it with free().
 */
enum status config_read(char **out, const char *file);

/* Both in one. */
enum status config_load(struct config **out, const char *file);

/*
 * The name of a variable FTSERVER_... of the environment that overrides
 * nothing in `config`, or NULL.  `*from` begins at 0, and is for the next call.
 * The name ends at its `=`.
 */
const char *config_stray_variable(const struct config *config, size_t *from);

/*
 * What differs between the two that only a restart can change: the first such
 * key's name, or NULL.
 */
const char *config_fixed_difference(const struct config *a,
    const struct config *b);

/*
 * The same, one by one: `*from` begins at 0, and is for the next call.
 */
const char *config_next_fixed_difference(const struct config *a,
    const struct config *b, size_t *from);

/* Make all that only a restart can change in `next` what it is in `now`. */
enum status config_keep_fixed(struct config *next, const struct config *now);

void config_free(struct config *config);

#endif
