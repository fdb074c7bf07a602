/*
 * user_file - who may log in: the user file as an immutable table.
 *
 *	users_read or users_parse, then users_find ..., then users_unref
 *
 * A table never changes once it is made, so that any number of threads may read
 * it; it lives as long as somebody holds a reference, and so do the users in
 * it.  user_source.h keeps the current one of a running server.
 */
#ifndef USER_FILE_H
#define USER_FILE_H

#include <sys/stat.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rights.h"
#include "status.h"
#include "user_line.h"

#define USER_FILE_MAX (64u << 20)	/* bytes */
#define USER_DIGEST_LEN 32

/* A user, or a group, which cannot log in; users have the keys of theirs. */
struct user {
	const char	*name;		/* a group's begins with `@` */
	const char	*hash;
	const char	*groups;	/* joined by `+`; NULL: none */
	const char	*base;		/* a storage base; NULL: the first */
	const char	*root;		/* below the base; begins with `/` */
	unsigned int	 rights;	/* enum rights */
	bool		 locked;	/* may not log in, nor go on */
	bool		 has_rights;	/* they are its own or a group's */
	uint64_t	 quota_bytes;	/* 0: none */
	uint64_t	 quota_files;
	uint8_t		 digest[USER_DIGEST_LEN]; /* SHA-256 of the line */
	size_t		 line_at, line_len;	/* in the bytes parsed */
};

struct users;

/* Told of each thing that is odd but no error, as FILE:LINE: TEXT. */
struct users_warning {
	void	(*tell)(void *ctx, const char *text);
	void	*ctx;
};

/*
 * Parse the content of a user file; `file` is its name for error texts.
 * STATUS_CONFIG as FILE:LINE: what is wrong, and what to do.  `warning` may be
 * NULL.
 */
enum status users_parse(struct users **out, const char *bytes, size_t len,
    const char *file, const struct users_warning *warning);

/*
 * Read the bytes of a user file whole, through one descriptor; free them with
 * free().  `*sb` is the file that was read.  Refused with the chmod to run if
 * others may read or write it or its group may write it; STATUS_CHANGED if it
 * was written to meanwhile; STATUS_NOT_FOUND if there is none.
 */
enum status users_read_bytes(char **out, size_t *len, struct stat *sb,
    const char *path);

/* Both in one. */
enum status users_read(struct users **out, const char *path,
    const struct users_warning *warning);

/*
 * NULL if there is no such user, or group (named without its `@`).  The
 * name need not be a well-formed one.
 */
const struct user *users_find(const struct users *users, const char *name,
    size_t len);

const struct user *users_find_group(const struct users *users,
    const char *name, size_t len);

/* Is the user in the group, whose name is given without its `@`? */
bool user_is_in(const struct user *user, const char *group, size_t len);

/* All of both, in the order of the file: from 0 to users_count() - 1. */
size_t users_count(const struct users *users);
const struct user *users_at(const struct users *users, size_t i);

/* A hash as dear as the dearest of the file (the default one for no users). */
const char *users_decoy(const struct users *users);

/*
 * password_login for a user of this table, or for NULL, an unknown name: every
 * refusal is STATUS_LOGIN_REFUSED and costs alike.  Blocks for a hash.
 */
enum status users_login(const struct users *users, const struct user *user,
    const void *password, size_t len);

/* One more reference; returns `users`. */
struct users *users_ref(struct users *users);

/* One less; frees with the last.  users_unref(NULL) does nothing. */
void users_unref(struct users *users);

#endif
