/*
 * command_line - the words of ftclient: options, a target, and perhaps a
 * command with its arguments.
 */
#ifndef COMMAND_LINE_H
#define COMMAND_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "status.h"

struct board;
struct report;

enum progress_mode {
	PROGRESS_AUTO,		/* lines on a terminal, else none */
	PROGRESS_PLAIN,		/* a line now and then, for a log */
	PROGRESS_NONE
};

/* Strings are borrowed from argv; NULL where an option was not given. */
struct command_line {
	const char	*pin;
	const char	*cafile;
	const char	*known_hosts;
	const char	*password_file;
	const char	*password_command;
	const char	*config;	/* "none": no file */
	const char	*batch_file;	/* "-": standard input */
	const char	*receipts;	/* a file to add them to */
	bool		 json;
	bool		 quiet;
	bool		 verbose;
	bool		 show_key;	/* and no more */
	bool		 help;		/* nothing else counts then */
	bool		 version;	/* likewise */
	const char	*target;
	char	       **command;	/* NULL if none was given */
	int		 command_len;
	const char	*retries_word;
	unsigned int	 retries;	/* of a lost connection */
	const char	*max_files_word;
	unsigned int	 max_files;	/* told of in one folder */
	const char	*limit_word;
	uint64_t	 limit_rate;	/* bytes per second; 0: none */
	const char	*timeout_word;
	unsigned int	 timeout;	/* seconds; 0: none was given */
	const char	*progress_word;
	enum progress_mode progress;
	uint64_t	 given;		/* a bit for each option that was */
	struct report	*report;	/* main's, in that form; or NULL */
	struct board	*board;		/* main's, for transfers; or NULL */
};

/* STATUS_USAGE says what is wrong with the command line. */
enum status command_line_parse(struct command_line *out, int argc, char **argv);

/*
 * The names of the options, without dashes, that can also be set elsewhere, as
 * in a file or the environment; returns how many.
 */
#define COMMAND_LINE_NAMES_MAX 64
size_t command_line_names(const char *names[COMMAND_LINE_NAMES_MAX]);

/* Is the argument of that option the name of a file? */
bool command_line_takes_file(const char *name);

/* Has that option been given? */
bool command_line_has(const struct command_line *line, const char *name);

/*
 * Set an option by its name, a flag by "yes" or "no".  `value` is borrowed.
 * STATUS_USAGE if it makes no sense, by itself or with the others in `out`.
 */
enum status command_line_give(struct command_line *out, const char *name,
    const char *value);

/*
 * Take over each option that `from` has and `to` has not; for those that
 * exclude each other, that is if it has neither.
 */
enum status command_line_inherit(struct command_line *to,
    const struct command_line *from);

/* The part of --help that tells the options. */
void command_line_help(FILE *file);

#endif
