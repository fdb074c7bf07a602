/*
 * quick_user - the one user of a server that was started without a
 * configuration.
 */
#ifndef QUICK_USER_H
#define QUICK_USER_H

#include "phc.h"
#include "status.h"

#define QUICK_PASSWORD_MAX 32

struct quick_user {
	const char	*file;		/* the user file; made if missing */
	const char	*name;
	const char	*password_file;	/* NULL: a random one for a new user */
	struct phc_cost	 cost;
};

/*
 * Make sure that the user is there, with the password of the file if one is
 * named.  `password` is the one that was made up, to be shown once, else "".
 */
enum status quick_user_prepare(char password[QUICK_PASSWORD_MAX],
    const struct quick_user *user);

#endif
