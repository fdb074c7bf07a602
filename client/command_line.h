/*
 * command_line - the words of ftclient: options, a target, and perhaps a
 * command with its arguments.
 */
#ifndef COMMAND_LINE_H
#define COMMAND_LINE_H

#include <stdbool.h>
#include <stdio.h>

#include "status.h"

/* Strings are borrowed from argv; NULL where an option was not given. */
struct command_line {
	const char	*pin;
	const char	*cafile;
	const char	*known_hosts;
	const char	*password_file;
	const char	*batch_file;	/* "-": standard input */
	bool		 quiet;
	bool		 verbose;
	bool		 help;		/* nothing else counts then */
	bool		 version;	/* likewise */
	const char	*target;
	char	       **command;	/* NULL if none was given */
	int		 command_len;
	const char	*retries_word;
	unsigned int	 retries;	/* of a lost connection */
};

/* STATUS_USAGE says what is wrong with the command line. */
enum status command_line_parse(struct command_line *out, int argc, char **argv);

/* The part of --help that tells the options. */
void command_line_help(FILE *file);

#endif
