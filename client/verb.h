/*
 * verb - the commands, one row each: what they are called, what they take,
 * and the function that does it.
 */
#ifndef VERB_H
#define VERB_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "ftclient.h"
#include "option.h"
#include "status.h"

struct arguments {
	int		 len;
	char	       **words;		/* ended by NULL */
	uint64_t	 letters;	/* VERB_LETTER of each option given */
	const char	*value;		/* of the letter that takes one */
	const char	*options[OPTION_COUNT];	/* values; "" without one,
						 * NULL if not given */
	struct given	 given[OPTION_GIVEN_MOST];	/* in their order */
	size_t		 given_len;
};

/* 'a' to 'z' and 'A' to 'Z'. */
#define VERB_LETTER(letter) \
	(UINT64_C(1) << \
	((letter) >= 'a' ? (letter) - 'a' : 26 + (letter) - 'A'))

/*
 * A failure's text names the file, or `*blame` does, which the verb may point
 * at a word that lives as long as the arguments do.
 */
typedef enum status verb_function(struct client *client,
    const struct arguments *arguments, const char **blame);

struct verb {
	const char	*name;
	const char	*alias;		/* one or more, with blanks between;
					 * or NULL */
	const char	*letters;	/* options that it knows; ":" behind the
					 * first: that one has a value */
	int		 least, most;	/* words; -1: any number */
	const char	*usage;		/* behind the name; see verb_word */
	const char	*help;
	verb_function	*run;
	bool		 gathers;	/* leaves the outbox to be settled */
	uint64_t	 options;	/* OPTION_BIT of each that it knows */
};

/*
 * The names of all verbs, aliases too, one after the other: copies the one
 * with that number, and is false behind the last.
 */
#define VERB_NAME_SIZE 16
bool verb_name(char out[VERB_NAME_SIZE], size_t number);

/* One verb after the other, by its number; NULL behind the last. */
const struct verb *verb_row(size_t number);

/* The verb of that name; NULL, with the thread's text set to a hint. */
const struct verb *verb_find(const char *name);

/* What stands for a name in a verb's usage, and so what a word of it is. */
enum verb_word {
	VERB_WORD_OTHER,
	VERB_WORD_COMMAND,	/* COMMAND */
	VERB_WORD_LOCAL,	/* LOCAL ... */
	VERB_WORD_REMOTE,	/* FILE, FOLDER, PATH, FROM, TO, REMOTE */
	VERB_WORD_EITHER,	/* LOCAL, or :FOLDER of the server */
	VERB_WORD_LOCAL_PATTERN,
	VERB_WORD_REMOTE_PATTERN
};

/* That of its word with that number, options not counted. */
enum verb_word verb_word(const struct verb *verb, size_t number);

/* Are its local paths those of folders only?  Of NULL they are not. */
bool verb_takes_folders(const struct verb *verb);

/* False for those that need nobody who is logged in; `name` may be NULL. */
bool verb_needs_session(const char *name);

/* Is that asked only of servers that say FT1_FEATURE_FILES? */
bool verb_needs_files(const struct verb *verb,
    const struct arguments *arguments);

/* All verbs, or what one takes; verb_help.c */
void verb_help_all(FILE *file);
void verb_help(FILE *file, const struct verb *verb);

/* verb_list.c */
verb_function verb_list;
verb_function verb_stat;
/* verb_get.c */
verb_function verb_get;
verb_function verb_cat;
/* verb_page.c */
verb_function verb_page;
/* verb_get_tree.c */
verb_function verb_get_tree;
/* verb_put.c, verb_put_tree.c */
verb_function verb_put;
verb_function verb_put_tree;
/* verb_sync.c */
verb_function verb_sync;
/* verb_many.c */
verb_function verb_mget;
verb_function verb_mput;
/* verb_files.c */
verb_function verb_cd;
verb_function verb_pwd;
verb_function verb_mkdir;
verb_function verb_rmdir;
verb_function verb_rm;
verb_function verb_mv;
verb_function verb_cp;
verb_function verb_touch;
/* verb_in_place.c */
verb_function verb_append;
verb_function verb_write;
verb_function verb_truncate;
/* verb_tree.c */
verb_function verb_find_files;
verb_function verb_sum;
verb_function verb_du;
verb_function verb_df;
/* verb_uploads.c */
verb_function verb_uploads;
/* verb_lock.c */
verb_function verb_lock;
verb_function verb_unlock;
verb_function verb_locks;
/* verb_login.c */
verb_function verb_login;
verb_function verb_logout;
/* verb_local.c */
verb_function verb_lcd;
verb_function verb_lpwd;
verb_function verb_lls;
verb_function verb_help_command;
verb_function verb_quit;

/*
 * Run it, with -g on all that its words stand for on the server (or here, of
 * put).  STATUS_NOT_FOUND for a pattern that stands for nothing.
 */
enum status verb_run(const struct verb *verb, struct client *client,
    const struct arguments *arguments, const char **blame);

/* A size in bytes, with K, M, G or T or without; unchanged for NULL. */
enum status verb_size(uint64_t *size, const char *word);

/* The value of --wait, or 0. */
enum status verb_wait_seconds(uint32_t *seconds,
    const struct arguments *arguments);

/* 'f', 'd', 'l' or 'o', as the server says. */
enum status verb_type_of(char *type, struct client *client, const char *path);

/* The value of --segments, or 1. */
enum status verb_segments(unsigned int *segments,
    const struct arguments *arguments);

/* The value of --jobs, or what is best without. */
enum status verb_jobs(unsigned int *jobs, const struct arguments *arguments);

/* Make the server's folder the one that begins the session. */
enum status verb_enter(struct client *client, const char *path);

/* Ask for the current folder, for client->folder. */
enum status verb_locate(struct client *client);

#endif
