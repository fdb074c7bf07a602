/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "preferences.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host_config.h"
#include "state_file.h"

#define NO_FILE		"none"
#define VARIABLE_SIZE	64

struct preferences {
	struct host_config	*file;	/* owned, or NULL */
};

/*
 * --- The environment --------------------------------------------------------
 */

/* "FT_PASSWORD_FILE" of "password-file"; one that is empty is not there. */
static const char *
environ_get(char variable[VARIABLE_SIZE], const char *name)
{
	const char *value;
	char *at;

	snprintf(variable, VARIABLE_SIZE, "FT_%s", name);
	for (at = variable; *at != '\0'; at++)
		if (*at == '-')
			*at = '_';
		else if (*at >= 'a' && *at <= 'z')
			*at -= 'a' - 'A';
	value = getenv(variable);
	return value != NULL && value[0] != '\0' ? value : NULL;
}

static enum status
read_environ(struct command_line *out)
{
	const char *names[COMMAND_LINE_NAMES_MAX], *value;
	size_t i, count = command_line_names(names);
	char variable[VARIABLE_SIZE], words[256];
	enum status st;

	memset(out, 0, sizeof(*out));
	for (i = 0; i < count; i++) {
		if ((value = environ_get(variable, names[i])) == NULL)
			continue;
		st = command_line_give(out, names[i], value);
		if (st == STATUS_OK)
			continue;
		snprintf(words, sizeof(words), "%s", status_text(st));
		return status_set(STATUS_CONFIG, "%s in the environment: %s",
		    variable, words);
	}
	return STATUS_OK;
}

/*
 * --- The file ---------------------------------------------------------------
 */

static enum status
read_file(struct preferences *s, const struct command_line *line)
{
	char variable[VARIABLE_SIZE];
	const char *named = line->config != NULL ? line->config :
	    environ_get(variable, "config");
	enum status st = STATUS_OK;
	char *usual;

	if (named != NULL)
		return strcmp(named, NO_FILE) == 0 ? STATUS_OK :
		    host_config_read(&s->file, named);
	if ((st = state_file_config(&usual)) != STATUS_OK || usual == NULL)
		return st;
	if (access(usual, F_OK) == 0)
		st = host_config_read(&s->file, usual);
	free(usual);
	return st;
}

/* One section; what it says of the place counts where nobody did. */
static enum status
apply_section(struct command_line *line, struct destination *target,
    struct host_section *place, const struct host_section *section)
{
	enum status st = STATUS_OK;

	if (section->hostname != NULL && place->hostname == NULL) {
		place->hostname = section->hostname;
		st = destination_set_host(target, section->hostname);
	}
	if (st == STATUS_OK && section->port != NULL &&
	    !target->port_given)
		st = destination_set_port(target, section->port);
	if (st == STATUS_OK && section->user != NULL &&
	    target->user[0] == '\0')
		st = destination_set_user(target, section->user);
	if (st == STATUS_OK && section->folder != NULL &&
	    target->path[0] == '\0')
		st = destination_set_path(target, section->folder);
	return st == STATUS_OK ?
	    command_line_inherit(line, &section->options) : st;
}

static enum status
apply_file(const struct host_config *file, struct command_line *line,
    struct destination *target)
{
	struct host_section place = { .hostname = NULL };
	const struct host_section *section;
	char host[DESTINATION_HOST_MAX + 1];
	enum status st = STATUS_OK;
	size_t next = 0;

	/* Sections are for the name that was typed, not the one it gets. */
	snprintf(host, sizeof(host), "%s", target->host);
	while (st == STATUS_OK &&
	    (section = host_config_next(file, host, &next)) != NULL)
		st = apply_section(line, target, &place, section);
	return st;
}

/*
 * --- All together -----------------------------------------------------------
 */

static enum status
choose_user(struct destination *target)
{
	const char *name = getenv("USER");
	const struct passwd *pw;

	if (target->user[0] != '\0')
		return STATUS_OK;
	if ((name == NULL || name[0] == '\0') &&
	    (pw = getpwuid(getuid())) != NULL)
		name = pw->pw_name;
	if (name == NULL || name[0] == '\0' ||
	    strlen(name) >= sizeof(target->user))
		return status_set(STATUS_USAGE,
		    "say as whom to log in: user@host");
	return destination_set_user(target, name);
}

static enum status
apply_environ(struct command_line *line, struct destination *target)
{
	char variable[VARIABLE_SIZE];
	struct command_line found;
	const char *user;
	enum status st;

	if ((st = read_environ(&found)) != STATUS_OK ||
	    (st = command_line_inherit(line, &found)) != STATUS_OK)
		return st;
	if (target->user[0] == '\0' &&
	    (user = environ_get(variable, "user")) != NULL)
		st = destination_set_user(target, user);
	return st;
}

static enum status
complete(struct preferences *s, struct command_line *line,
    struct destination *target)
{
	enum status st;

	if ((st = destination_parse(target, line->target)) != STATUS_OK ||
	    (st = apply_environ(line, target)) != STATUS_OK ||
	    (st = read_file(s, line)) != STATUS_OK)
		return st;
	if (s->file != NULL &&
	    (st = apply_file(s->file, line, target)) != STATUS_OK)
		return st;
	return choose_user(target);
}

enum status
preferences_begin(struct preferences **out, struct command_line *line,
    struct destination *target)
{
	struct preferences *s;
	enum status st;

	*out = NULL;
	if ((s = calloc(1, sizeof(*s))) == NULL)
		return status_no_memory();
	if ((st = complete(s, line, target)) == STATUS_OK)
		*out = s;
	else
		preferences_end(s);
	return st;
}

void
preferences_end(struct preferences *s)
{
	if (s == NULL)
		return;
	host_config_free(s->file);
	free(s);
}
