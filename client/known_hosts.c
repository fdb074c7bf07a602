/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "known_hosts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "state_file.h"

/* What one line says of the server; `*key` is the one that it has. */
static enum known
compare_line(const char **key, char *line, const char *name, const char *pin)
{
	char *rest = NULL, *host, *word;

	if (line[0] == '#')
		return KNOWN_NOT;
	host = strtok_r(line, " \t\r\n", &rest);
	if (host == NULL || strcasecmp(host, name) != 0)
		return KNOWN_NOT;
	word = strtok_r(NULL, " \t\r\n", &rest);
	*key = word != NULL ? word : "";
	return strcmp(*key, pin) == 0 ? KNOWN_SAME : KNOWN_OTHER;
}

enum status
known_hosts_find(enum known *out, struct known_line *line, const char *path,
    const char *name, const char *pin)
{
	unsigned int number = 0;
	enum status st = STATUS_OK;
	enum known found;
	const char *key;
	char *text = NULL;
	size_t room = 0;
	FILE *file;

	*out = KNOWN_NOT;
	memset(line, 0, sizeof(*line));
	if ((file = fopen(path, "re")) == NULL)
		return errno == ENOENT ? STATUS_OK : status_errno("%s", path);
	while (*out != KNOWN_SAME && getline(&text, &room, file) != -1) {
		number++;
		found = compare_line(&key, text, name, pin);
		if (found == KNOWN_NOT ||
		    (found == KNOWN_OTHER && *out == KNOWN_OTHER))
			continue;
		*out = found;
		line->number = number;
		snprintf(line->key, sizeof(line->key), "%s", key);
	}
	if (ferror(file))
		st = status_errno("%s", path);
	free(text);
	fclose(file);
	return st;
}

/* A file that somebody edited may miss its last newline. */
static bool
ends_in_midline(int fd)
{
	off_t end = lseek(fd, 0, SEEK_END);
	char last;

	return end > 0 && pread(fd, &last, 1, end - 1) == 1 && last != '\n';
}

enum status
known_hosts_add(const char *path, const char *name, const char *pin)
{
	enum status st = STATUS_OK;
	char *text = NULL;
	int fd, n;

	if ((st = state_file_folders(path)) != STATUS_OK)
		return st;
	fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (fd == -1)
		return status_errno("%s", path);
	n = asprintf(&text, "%s%s %s\n", ends_in_midline(fd) ? "\n" : "",
	    name, pin);
	/* One write, so that two clients do not mix their lines. */
	if (n == -1)
		st = status_no_memory();
	else if (write(fd, text, (size_t)n) != n)
		st = status_errno("%s", path);
	if (n != -1)
		free(text);
	if (close(fd) == -1 && st == STATUS_OK)
		st = status_errno("%s", path);
	return st;
}
