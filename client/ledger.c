/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "ledger.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "digest.h"
#include "state_file.h"

/* The file of that key, named by a digest of what it says; NULL if none. */
static char *
file_of(const struct ledger_key *key)
{
	char target[DESTINATION_NAME_SIZE], hex[DIGEST_HEX_SIZE];
	uint8_t digest[DIGEST_SIZE];
	char *local, *words = NULL, *name = NULL, *path = NULL;
	int len = -1;

	destination_name(target, key->target);
	if ((local = realpath(key->local, NULL)) != NULL)
		len = asprintf(&words, "%s\n%s\n%s\n%s\n%s", target,
		    key->target->user, key->path[0] == '/' ||
		    key->folder == NULL ? "/" : key->folder, key->path,
		    local);
	free(local);
	if (len == -1)
		return NULL;
	digest_of_piece(digest, words, (size_t)len);
	free(words);
	digest_hex(hex, digest);
	if (asprintf(&name, "uploads/%s", hex) == -1)
		return NULL;
	if (state_file(&path, name) != STATUS_OK)
		path = NULL;
	free(name);
	return path;
}

bool
ledger_find(uint8_t id[FT1_ID_SIZE], const struct ledger_key *key)
{
	char *path = file_of(key);
	ssize_t n = -1;
	int fd;

	if (path == NULL)
		return false;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	free(path);
	if (fd == -1)
		return false;
	n = read(fd, id, FT1_ID_SIZE);
	close(fd);
	return n == FT1_ID_SIZE;
}

void
ledger_note(const struct ledger_key *key, const uint8_t id[FT1_ID_SIZE])
{
	char *path = file_of(key);
	bool ok;
	int fd;

	if (path == NULL)
		return;
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
	    0600);
	if (fd != -1) {
		ok = write(fd, id, FT1_ID_SIZE) == FT1_ID_SIZE;
		close(fd);
		if (!ok)
			(void)unlink(path);
	}
	free(path);
}

void
ledger_forget(const struct ledger_key *key)
{
	char *path = file_of(key);

	if (path != NULL)
		(void)unlink(path);
	free(path);
}
