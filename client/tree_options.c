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
	return tree_filter_read(&out->filter, arguments, time(NULL));
}

enum status
tree_options_refuse(const struct arguments *arguments)
{
	int i;

	for (i = 0; i < OPTION_COUNT; i++)
		if ((TREE_OPTIONS & OPTION_BIT(i)) != 0 &&
		    arguments->options[i] != NULL)
			return status_set(STATUS_USAGE,
			    "--%s is for whole folders: -r", option_name(i));
	return STATUS_OK;
}
