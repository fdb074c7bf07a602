/*
 * server_process - one server process as the monitor sees it.
 */
#ifndef SERVER_PROCESS_H
#define SERVER_PROCESS_H

#include <sys/types.h>

#include <stdbool.h>
#include <stdint.h>

#include "handover.h"
#include "listen.h"
#include "server.h"
#include "status.h"

/* Which folder stands at the path of a base. */
struct base_identity {
	dev_t	 dev;
	ino_t	 ino;
};

struct server_process {
	pid_t		 pid;		/* 0: there is none */
	int		 channel;	/* owned; -1 once it has broken */
	uint64_t	 started;	/* by clock_ms() */
	uint64_t	 kill_at;	/* by clock_ms(); 0: not */
	bool		 is_ready;
	struct base_identity bases[CONFIG_BASES_MAX];
};

struct server_process_setup {
	struct handover	*handover;	/* borrowed; the child takes of it */
	const struct listen_set	*listeners;	/* borrowed */
	server_hook		 hook;
	int			 close_fds[4];	/* not for it; -1: none */
};

/* Start one.  In the new process it does not return. */
enum status server_process_start(struct server_process *out,
    const struct server_process_setup *setup);

/* Kill it at the latest in so many seconds. */
void server_process_limit(struct server_process *p, unsigned int seconds);

/* Kill it now.  It is gone when the monitor hears of its end. */
void server_process_kill(const struct server_process *p);

/* Its channel has broken or lies: say why, and kill it. */
void server_process_distrust(struct server_process *p, const char *why);

/* Forget a process that has ended. */
void server_process_clear(struct server_process *p);

/*
 * The first base whose path now leads to another folder than when the process
 * was started, or NULL.  A path that leads nowhere is no other folder.
 */
const struct config_base *server_process_moved_base(
    const struct server_process *p, const struct config *config);

/* How it ended, for the log; `status` is of waitpid(2). */
void server_process_describe_end(char *out, size_t room, int status);

#endif
