/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "monitor.h"

#include <sys/resource.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "escape.h"
#include "log.h"
#include "notify.h"
#include "options.h"
#include "preflight.h"
#include "supervise.h"

/* For people at a terminal; once it serves the log takes over. */
static void
complain(const char *text)
{
	char escaped[2048];

	escape_string(escaped, sizeof(escaped), text);
	fprintf(stderr, "ftserver: %s\n", escaped);
}

static void
warn(void *ctx, const char *text)
{
	unsigned int *warnings = ctx;

	++*warnings;
	complain(text);
}

/* A file opened later must not become standard error. */
static enum status
fill_standard_streams(void)
{
	int fd;

	do {
		if ((fd = open("/dev/null", O_RDWR)) == -1)
			return status_errno("/dev/null");
	} while (fd <= STDERR_FILENO);
	close(fd);
	return STATUS_OK;
}

/* Whatever was left open by who started this is not for us to hold. */
static void
close_inherited(void)
{
	int first;
	size_t count = notify_sockets(&first);

	closefrom(count > 0 ? first + (int)count : STDERR_FILENO + 1);
}

static enum status
set_limits(void)
{
	struct rlimit none = { 0, 0 }, files;

	if (setrlimit(RLIMIT_CORE, &none) == -1 ||
	    getrlimit(RLIMIT_NOFILE, &files) == -1)
		return status_errno("limits");
	files.rlim_cur = files.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &files) == -1)
		return status_errno("limit of open files");
	return STATUS_OK;
}

/* By the environment, so that it also holds after a reload. */
static enum status
set_verbosity(unsigned int verbosity)
{
	static const char *const words[] = { "info", "debug", "trace" };

	if (verbosity == 0)
		return STATUS_OK;
	if (setenv("FTSERVER_LOG_LEVEL",
	    words[verbosity > 3 ? 2 : verbosity - 1], 1) == -1)
		return status_errno("environment");
	return STATUS_OK;
}

static enum status
prepare(const struct options *options)
{
	enum status st;

	if ((st = fill_standard_streams()) != STATUS_OK)
		return st;
	close_inherited();
	/* Who started us may not have cared for its children. */
	signal(SIGCHLD, SIG_DFL);
	if ((st = set_limits()) != STATUS_OK)
		return st;
	return set_verbosity(options->verbosity);
}

static void
tell_of_stray_variables(const struct config *config, unsigned int *warnings)
{
	char text[160], name[64];
	const char *variable;
	size_t from = 0;

	while ((variable = config_stray_variable(config, &from)) != NULL) {
		snprintf(name, sizeof(name), "%s", variable);
		name[strcspn(name, "=")] = '\0';
		snprintf(text, sizeof(text), "environment variable %s is no "
		    "key: it changes nothing", name);
		warn(warnings, text);
	}
}

static enum status
load(struct handover **out, const struct options *options,
    const struct quick *quick, unsigned int *warnings)
{
	struct preflight what = {
		.file = options->file,
		.only_a_test = options->action == OPTIONS_TEST,
		.warn = warn,
		.warn_ctx = warnings
	};
	char *text = NULL;
	enum status st;

	*out = NULL;
	if (options->quick.dir != NULL) {
		what.text = quick->config_text;
		what.file = QUICK_NAME;
	} else {
		st = config_read(&text, options->file);
		if (st != STATUS_OK)
			return st;
		what.text = text;
	}
	if ((st = preflight(out, &what)) == STATUS_OK)
		tell_of_stray_variables((*out)->config, warnings);
	free(text);
	return st;
}

/* --quick serves as whoever started it; everything else not as root. */
static enum status
check_account(const struct options *options, const struct config *config)
{
	if (options->quick.dir != NULL || geteuid() != 0 ||
	    config->user != NULL)
		return STATUS_OK;
	return status_set(STATUS_CONFIG, "%s: user is missing: a server that "
	    "root starts names the account that all files belong to, such as "
	    "user = ftserver", options->file);
}

static int
serve(const struct options *options, struct handover *handover,
    const struct quick *quick, server_hook hook)
{
	struct supervise what = {
		.handover = handover,
		.file = options->quick.dir != NULL ? QUICK_NAME : options->file,
		.quick = options->quick.dir != NULL ? quick : NULL,
		.hook = hook
	};
	enum status st;

	if ((st = listen_open(&what.listeners, handover->config)) !=
	    STATUS_OK) {
		complain(status_text(st));
		handover_free(handover);
		return status_exit_code(st);
	}
	log_set_level(handover->config->log_level);
	return supervise(&what);
}

static void
say_good(const char *file, unsigned int warnings)
{
	if (warnings == 0)
		printf("%s is good\n", file);
	else
		printf("%s is good, with %u warning%s\n", file, warnings,
		    warnings == 1 ? "" : "s");
}

static int
run(const struct options *options, server_hook hook)
{
	struct quick quick = { 0 };
	struct handover *handover = NULL;
	unsigned int warnings = 0;
	enum status st;
	int code = EX_OK;

	if ((st = prepare(options)) == STATUS_OK &&
	    options->quick.dir != NULL)
		st = quick_prepare(&quick, &options->quick);
	if (st == STATUS_OK)
		st = load(&handover, options, &quick, &warnings);
	if (st == STATUS_OK)
		st = check_account(options, handover->config);
	if (st != STATUS_OK) {
		complain(status_text(st));
		code = status_exit_code(st);
		handover_free(handover);
	} else if (options->action == OPTIONS_TEST) {
		say_good(options->file, warnings);
		handover_free(handover);
	} else {
		code = serve(options, handover, &quick, hook);
	}
	quick_clear(&quick);
	return code;
}

int
monitor_main(int argc, char **argv, server_hook hook)
{
	struct options options;
	enum status st;

	if ((st = options_parse(&options, argc, argv)) != STATUS_OK) {
		complain(status_text(st));
		fputs("Try ftserver --help.\n", stderr);
		return EX_USAGE;
	}
	switch (options.action) {
	case OPTIONS_HELP:
		options_help();
		return EX_OK;
	case OPTIONS_VERSION:
		puts(PACKAGE_STRING);
		return EX_OK;
	case OPTIONS_SERVE:
	case OPTIONS_TEST:
		break;
	}
	return run(&options, hook);
}
