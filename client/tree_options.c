/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tree_options.h"

#include <string.h>
#include <time.h>

#include "verb.h"

enum status
tree_options_read(struct tree_options *out, const struct arguments *arguments)
{
	memset(out, 0, sizeof(*out));
	out->is_dry = arguments->options[OPTION_DRY_RUN] != NULL ||
	    (arguments->letters & VERB_LETTER('n')) != 0;
	out->follows = (arguments->letters & VERB_LETTER('L')) != 0;
	out->keeps_links = (arguments->letters & VERB_LETTER('l')) != 0;
	if (out->follows && out->keeps_links)
		return status_set(STATUS_USAGE,
		    "-l and -L do not go together");
	out->deletes = arguments->options[OPTION_DELETE] != NULL;
	return tree_filter_read(&out->filter, arguments, time(NULL));
}

enum status
tree_options_refuse(const struct arguments *arguments)
{
	int i;

	if (arguments->options[OPTION_JOBS] != NULL)
		return status_set(STATUS_USAGE,
		    "-j is for many files: -r or -g");
	if ((arguments->letters & (VERB_LETTER('n') | VERB_LETTER('l') |
	    VERB_LETTER('L'))) != 0)
		return status_set(STATUS_USAGE,
		    "-l, -L and -n are for whole folders: -r");
	for (i = 0; i < OPTION_COUNT; i++)
		if ((TREE_OPTIONS & OPTION_BIT(i)) != 0 &&
		    arguments->options[i] != NULL)
			return status_set(STATUS_USAGE,
			    "--%s is for whole folders: -r", option_name(i));
	return STATUS_OK;
}
