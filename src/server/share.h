/*
 * share - folders that the configuration mounts into the roots of users: who
 * sees them, and with which rights.
 *
 * A rule of `allow` is WHO or WHO:RIGHTS.  WHO is a user's name, a @GROUP, or
 * @all; the user's own name counts before the groups (whose rights add up), and
 * those before @all.  Without RIGHTS the user's own hold there too.
 */
#ifndef SHARE_H
#define SHARE_H

#include <stdbool.h>

#include "caller.h"
#include "server_config.h"
#include "status.h"
#include "user_file.h"

/* STATUS_CONFIG with what is wrong with a rule. */
enum status share_check_rule(const char *rule);

/* Does the user file have whom the rule allows? */
bool share_rule_is_borne(const char *rule, const struct users *users);

/* False if the user does not see the share. */
bool share_rights(unsigned int *rights, const struct config_share *share,
    const struct user *user);

/*
 * If the clean path leads into a share that the caller's user sees, put the
 * caller there: place and rights.
 */
void share_enter(struct caller *caller, const char *path);

/* Where the caller stands with another path of the request. */
void share_look(struct caller *there, const struct caller *caller,
    const char *path);

/*
 * STATUS_CROSS_DEVICE unless another path leads to where the caller stands: a
 * rename does not go from one share to another.
 */
enum status share_check_same(const struct caller *caller, const char *path);

#endif
