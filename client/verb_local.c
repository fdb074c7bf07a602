/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "verb.h"

#include <stdlib.h>
#include <unistd.h>

#include "local.h"
#include "report.h"
#include "show.h"

enum status
verb_lcd(struct client *client, const struct arguments *arguments,
    const char **blame)
{
	const char *folder = arguments->words[0];

	(void)client;
	(void)blame;
	if (folder == NULL)
		folder = getenv("HOME");
	if (folder == NULL)
		return status_set(STATUS_USAGE, "HOME is not set");
	return chdir(folder) == -1 ? status_errno("%s", folder) : STATUS_OK;
}

enum status
verb_lpwd(struct client *client, const struct arguments *arguments,
    const char **blame)
{
	char *folder = getcwd(NULL, 0);

	(void)arguments;
	(void)blame;
	if (folder == NULL)
		return status_errno("current folder");
	if (!report_folder(client->settings->report, "lpwd", folder)) {
		show_string(stdout, folder);
		putchar('\n');
	}
	free(folder);
	return STATUS_OK;
}

enum status
verb_lls(struct client *client, const struct arguments *arguments,
    const char **blame)
{
	char name[] = "ls", **argv;
	enum status st;
	int i;

	(void)client;
	(void)blame;
	argv = calloc((size_t)arguments->len + 2, sizeof(*argv));
	if (argv == NULL)
		return status_no_memory();
	argv[0] = name;
	for (i = 0; i < arguments->len; i++)
		argv[i + 1] = arguments->words[i];
	st = local_run(argv);
	free(argv);
	return st;
}

enum status
verb_help_command(struct client *client, const struct arguments *arguments,
    const char **blame)
{
	const struct verb *verb;

	(void)client;
	(void)blame;
	if (arguments->len == 0) {
		verb_help_all(stdout);
		return STATUS_OK;
	}
	if ((verb = verb_find(arguments->words[0])) == NULL)
		return STATUS_USAGE;
	verb_help(stdout, verb);
	return STATUS_OK;
}

enum status
verb_quit(struct client *client, const struct arguments *arguments,
    const char **blame)
{
	(void)arguments;
	(void)blame;
	client->leaving = true;
	return STATUS_OK;
}
