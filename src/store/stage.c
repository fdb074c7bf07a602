/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "stage.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "digest.h"

#define TRIES 8
#define BLOCK 512u	/* bytes, as stat counts them */

_Static_assert(STAGE_NAME_ROOM == DIGEST_HEX_SIZE, "ids are hex like digests");

/* Random bytes in stock, so that not each small file costs a system call. */
static _Thread_local struct {
	uint8_t	 bytes[256 * STAGE_ID_SIZE];
	size_t	 left;
} stock;

static bool
fill_stock(void)
{
	size_t have = 0;
	ssize_t n;

	while (have < sizeof(stock.bytes)) {
		n = getrandom(stock.bytes + have, sizeof(stock.bytes) - have,
		    0);
		if (n == -1 && errno != EINTR)
			return false;
		if (n > 0)
			have += (size_t)n;
	}
	stock.left = sizeof(stock.bytes);
	return true;
}

/* An id is the key to its upload: no copy of it stays in the stock. */
static bool
draw_id(uint8_t id[STAGE_ID_SIZE])
{
	if (stock.left == 0 && !fill_stock())
		return false;
	stock.left -= STAGE_ID_SIZE;
	memcpy(id, stock.bytes + stock.left, STAGE_ID_SIZE);
	explicit_bzero(stock.bytes + stock.left, STAGE_ID_SIZE);
	return true;
}

enum status
stage_make(struct stage *stage, int folder_fd, mode_t mode)
{
	int tries;

	memset(stage, 0, sizeof(*stage));
	stage->fd = -1;
	/* A forked process draws from the same stock. */
	for (tries = 0; tries < TRIES && stage->fd == -1; tries++) {
		if (!draw_id(stage->id))
			return status_errno("draw an upload id");
		digest_hex(stage->name, stage->id);
		stage->fd = openat(folder_fd, stage->name,
		    O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode);
		if (stage->fd == -1 && errno == EEXIST)
			stock.left = 0;
		else if (stage->fd == -1)
			break;
	}
	if (stage->fd == -1)
		return status_errno("make a stage");
	stage->made = true;
	return STATUS_OK;
}

enum status
stage_make_folder(struct stage *stage, int folder_fd, mode_t mode)
{
	int tries;

	memset(stage, 0, sizeof(*stage));
	stage->fd = -1;
	for (tries = 0; tries < TRIES; tries++) {
		if (!draw_id(stage->id))
			return status_errno("draw an upload id");
		digest_hex(stage->name, stage->id);
		stage->made = mkdirat(folder_fd, stage->name, mode) == 0;
		if (stage->made)
			return STATUS_OK;
		if (errno != EEXIST)
			break;
		stock.left = 0;
	}
	return status_errno("make a stage");
}

void
stage_drop(struct stage *stage, int folder_fd)
{
	/* What cannot be removed now is collected later. */
	if (stage->made)
		(void)unlinkat(folder_fd, stage->name, 0);
	stage->made = false;
	if (stage->fd != -1)
		close(stage->fd);
	stage->fd = -1;
}

bool
stage_is_name(const char *name)
{
	return strlen(name) == STAGE_NAME_ROOM - 1 &&
	    strspn(name, "0123456789abcdef") == STAGE_NAME_ROOM - 1;
}

bool
stage_id_of_name(uint8_t id[STAGE_ID_SIZE], const char *name)
{
	char two[3] = "";
	size_t i;

	if (!stage_is_name(name))
		return false;
	for (i = 0; i < STAGE_ID_SIZE; i++) {
		memcpy(two, name + 2 * i, 2);
		id[i] = (uint8_t)strtoul(two, NULL, 16);
	}
	return true;
}

uint64_t
stage_bytes(int folder_fd, const uint8_t id[STAGE_ID_SIZE])
{
	char name[STAGE_NAME_ROOM];
	struct stat st;

	digest_hex(name, id);
	if (fstatat(folder_fd, name, &st, AT_SYMLINK_NOFOLLOW) == -1 ||
	    !S_ISREG(st.st_mode))
		return 0;
	return (uint64_t)st.st_blocks * BLOCK;
}
