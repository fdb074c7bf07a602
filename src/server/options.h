/*
 * options - the command line of ftserver.
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>

#include "quick.h"
#include "status.h"

enum options_action {
	OPTIONS_SERVE,
	OPTIONS_TEST,		/* -t */
	OPTIONS_HELP,
	OPTIONS_VERSION
};

struct options {
	enum options_action action;
	const char	*file;		/* the configuration */
	unsigned int	 verbosity;	/* how often -d */
	struct quick_options quick;
};

/* STATUS_USAGE with what is wrong. */
enum status options_parse(struct options *out, int argc, char **argv);

/* Print what --help prints on standard output. */
void options_help(void);

#endif
