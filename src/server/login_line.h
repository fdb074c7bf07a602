/*
 * login_line - the threads that check passwords, and the line before them.
 *
 * Checking a password burns memory and processor time on purpose, so it is done
 * by few threads of low priority.  They serve the addresses in turn (IPv6 by
 * /64), so that one that guesses a lot does not hold up the others.  Failures
 * are counted, and whoever is locked out by them costs no check.
 */
#ifndef LOGIN_LINE_H
#define LOGIN_LINE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "audit.h"
#include "lockouts.h"
#include "status.h"
#include "user_source.h"

/* One password to check.  Owned by the line from submit until `done`. */
struct login_job {
	struct login_job *next;
	uint8_t		 origin[16];	/* login_origin() of the client */
	const struct audit_who *who;	/* borrowed; for the log */
	int		 fd;		/* to see whether the client is gone */
	char		*user;		/* owned by the submitter, as ... */
	size_t		 user_len;
	char		*password;	/* ... is this; wiped by it too */
	size_t		 password_len;
	enum status	 result;
	unsigned int	 locked_out;	/* seconds, with STATUS_BUSY */
	/* The line of the user file that the password was held against. */
	uint8_t		 line_digest[USER_DIGEST_LEN];
	uint8_t		 hash_digest[32];	/* SHA-256 of its hash */
	bool		 is_done;
	void		(*done)(struct login_job *job);
	void		*ctx;
};

struct login_line;

struct login_line_plan {
	unsigned int	 threads;
	unsigned int	 queue;		/* jobs that may wait per origin */
	unsigned int	 queue_total;	/* and of all origins */
	struct user_source *users;	/* borrowed */
	struct lockouts	*lockouts;	/* borrowed */
	/* Called by the thread for each password that was right. */
	void		(*good)(void *ctx, const struct user *user,
			    const struct login_job *job);
	void		*ctx;
};

enum status login_line_new(struct login_line **out,
    const struct login_line_plan *plan);

/* Jobs that still wait are given back as STATUS_STOPPING. */
void login_line_free(struct login_line *line);

/* A reload may change how many may wait per origin. */
void login_line_set_queue(struct login_line *line, unsigned int queue);

/*
 * STATUS_OK: the job is in line; `done` will be called by another thread, maybe
 * before this returns.  STATUS_BUSY: too many wait.
 */
enum status login_line_submit(struct login_line *line, struct login_job *job);

/* Seconds after which it makes sense to try again. */
unsigned int login_line_wait(struct login_line *line);

/* What counts as one origin: an IPv4 address, or a /64 of IPv6. */
void login_origin(uint8_t origin[16], const struct sockaddr *address);

#endif
