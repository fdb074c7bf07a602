/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "escape.h"
#include "ftctl.h"

static const char help[] =
"usage: ftctl store check BASE [--repair]\n"
"\n"
"Look after ftserver.\n"
"\n"
"  store check BASE    look through the private folder of a storage base:\n"
"                      records and parts of uploads, counts of quotas\n"
"      --repair        put right what can be\n"
"      --help          show this\n"
"      --version       show the version\n"
"\n"
"See ftctl(8).\n";

static enum status
usage(void)
{
	return status_set(STATUS_USAGE,
	    "usage: ftctl store check BASE [--repair] (see ftctl --help)");
}

static enum status
store_check(int argc, char **argv)
{
	const char *path = NULL;
	bool repair = false;
	int i;

	for (i = 3; i < argc; i++) {
		if (strcmp(argv[i], "--repair") == 0)
			repair = true;
		else if (argv[i][0] == '-' || path != NULL)
			return usage();
		else
			path = argv[i];
	}
	return path != NULL ? ftctl_store_check(path, repair) : usage();
}

static enum status
run(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		fputs(help, stdout);
		return STATUS_OK;
	}
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		puts("ftctl (ftserver) " PACKAGE_VERSION);
		return STATUS_OK;
	}
	if (argc < 4 || strcmp(argv[1], "store") != 0 ||
	    strcmp(argv[2], "check") != 0)
		return usage();
	return store_check(argc, argv);
}

int
main(int argc, char **argv)
{
	char shown[ESCAPE_GROWTH * 512];
	enum status st;

	st = run(argc, argv);
	if (st == STATUS_OK && (fflush(stdout) != 0 || ferror(stdout)))
		st = status_errno("standard output");
	if (st != STATUS_OK) {
		escape_string(shown, sizeof(shown), status_text(st));
		fprintf(stderr, "ftctl: %s\n", shown);
	}
	return status_exit_code(st);
}
