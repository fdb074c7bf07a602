/*
 * ftuser - the commands of ftuser(8).
 *
 * Each runs with what the command line said and returns how it went; main()
 * prints the text of a failure and turns the status into an exit code.
 */
#ifndef FTUSER_H
#define FTUSER_H

#include <stdbool.h>
#include <stddef.h>

#include "phc.h"
#include "secret.h"
#include "status.h"
#include "user_edit.h"

struct ftuser {
	const char		*file;		/* the user file */
	const char		*password_file;	/* NULL: ask */
	bool			 has_stdin;	/* the password is there */
	struct phc_cost		 cost;		/* of new hashes */
	const char *const	*args;		/* those of the command */
	size_t			 count;
};

enum status ftuser_add(const struct ftuser *f);
enum status ftuser_passwd(const struct ftuser *f);
enum status ftuser_del(const struct ftuser *f);
enum status ftuser_lock(const struct ftuser *f);
enum status ftuser_unlock(const struct ftuser *f);
enum status ftuser_set(const struct ftuser *f);
enum status ftuser_list(const struct ftuser *f);
enum status ftuser_verify(const struct ftuser *f);
enum status ftuser_import(const struct ftuser *f);

/* The password of a user, from where the command line said; to be wiped. */
enum status ftuser_get_password(struct secret *out, const struct ftuser *f,
    bool is_new);

/* STATUS_NOT_FOUND, with a text that names the file, if there is no such. */
enum status ftuser_find(const struct user **out, const struct ftuser *f,
    const struct users *users);

/* STATUS_USAGE if the name is a group's. */
enum status ftuser_refuse_group(const struct ftuser *f);

/* Say something on standard error, escaped, after the program's name. */
void ftuser_say(const char *text);

#endif
