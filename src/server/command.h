/*
 * command - the verbs that the server knows: a row each, with the rights it
 * needs and its handler.
 *
 * A handler answers at once through caller->answer, or leaves a producer or a
 * consumer there.  It knows neither sessions nor faces.
 */
#ifndef COMMAND_H
#define COMMAND_H

#include "caller.h"
#include "request.h"

typedef void (*command_handler)(struct caller *caller,
    const struct request *request);

struct command {
	const char	*name;		/* as in the audit */
	unsigned int	 rights;	/* all of these are needed */
	command_handler	 run;
};

const struct command *command_of(enum verb verb);

/* Check the rights, then run the handler. */
void command_run(struct caller *caller, const struct request *request);

/*
 * For handlers.
 */

/* The clean form of a path of the request, or of the current folder. */
enum status command_path(char out[WALK_PATH_ROOM],
    const struct caller *caller, const struct request_bytes *path);

/* May the user not know which names there are? */
bool command_is_blind(const struct caller *caller);

/* Who tells types to this caller for the request; NULL if nobody does. */
struct mime_types *command_mime_types(const struct caller *caller,
    const struct request *request);

/* Answer a request of no consequence that failed; a refusal is audited. */
void command_fail(struct caller *caller, const struct request *request,
    enum status st);

/* What clients are told of a file. */
void command_facts(struct file_facts *facts, const char *name,
    const struct stat *st);

/* Answer with `st` (good or bad) and write the audit's line. */
void command_finish(struct caller *caller, const struct audit_event *event,
    const struct outcome *outcome);

/*
 * Put the caller among the members of the folder that the request names, if the
 * session is sending that, and may still do so.
 */
enum status command_enter_parcel(struct caller *caller,
    const struct request *request);
/* Make a folder there, and say so. */
enum status command_parcel_mkdir(struct caller *caller,
    const struct request *request);

void command_list(struct caller *caller, const struct request *request);
void command_stat(struct caller *caller, const struct request *request);
void command_get(struct caller *caller, const struct request *request);
void command_put(struct caller *caller, const struct request *request);
void command_cd(struct caller *caller, const struct request *request);
void command_pwd(struct caller *caller, const struct request *request);
void command_mkdir(struct caller *caller, const struct request *request);
void command_rmdir(struct caller *caller, const struct request *request);
void command_rm(struct caller *caller, const struct request *request);
/* rm with all that is below. */
void command_rm_tree(struct caller *caller, const struct request *request);
void command_mv(struct caller *caller, const struct request *request);
void command_uploads(struct caller *caller, const struct request *request);
void command_discard(struct caller *caller, const struct request *request);
void command_pieces(struct caller *caller, const struct request *request);
void command_append(struct caller *caller, const struct request *request);
void command_write(struct caller *caller, const struct request *request);
void command_truncate(struct caller *caller, const struct request *request);
void command_cp(struct caller *caller, const struct request *request);
void command_sum(struct caller *caller, const struct request *request);
void command_find(struct caller *caller, const struct request *request);
void command_du(struct caller *caller, const struct request *request);
void command_df(struct caller *caller, const struct request *request);
void command_tree(struct caller *caller, const struct request *request);
void command_tree_commit(struct caller *caller,
    const struct request *request);
void command_get_tree(struct caller *caller, const struct request *request);
void command_touch(struct caller *caller, const struct request *request);
void command_symlink(struct caller *caller, const struct request *request);
void command_lock(struct caller *caller, const struct request *request);
void command_unlock(struct caller *caller, const struct request *request);
void command_locks(struct caller *caller, const struct request *request);

#endif
