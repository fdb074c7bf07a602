/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "names.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <xxhash.h>

/*
 * Only servers on this base can hold a name, and none while it waits for its
 * client: 37 us in the median where 8 clients fight for few names through two
 * servers (Contest of tests/system/two_servers.py).  With 14 busy processes on
 * 2 cores it was 14 ms for one in a hundred, that lost the processor.  Of those
 * who met a held name then, a tenth would not have got it within 5 ms, and been
 * told `locked` with nobody to blame; with 40 ms it was a hundredth.
 */
#define YIELDS		4
#define NAPS		200
#define NAP_NS		200000

#define CLAIMS		((off_t)1 << 61)	/* where claims begin */

/* One byte in one of the names files. */
struct slot {
	unsigned int	 file;
	off_t		 at;		/* below 2^58 */
};

struct names {
	const struct base *base;	/* borrowed */
	int		 fds[BASE_NAMES_FILES];	/* owned; -1 until needed */
	struct slot	 held[2];
	int		 count;		/* of held */
};

enum status
names_open(struct names **out, const struct base *base)
{
	struct names *names;
	int i;

	*out = NULL;
	if ((names = calloc(1, sizeof(*names))) == NULL)
		return status_set(STATUS_NO_MEMORY, "out of memory");
	names->base = base;
	for (i = 0; i < BASE_NAMES_FILES; i++)
		names->fds[i] = -1;
	*out = names;
	return STATUS_OK;
}

void
names_close(struct names *names)
{
	int i;

	if (names == NULL)
		return;
	for (i = 0; i < BASE_NAMES_FILES; i++)
		if (names->fds[i] != -1)
			close(names->fds[i]);
	free(names);
}

/*
 * All nodes of a cluster must come to the same byte: no device number, and
 * nothing random.  The folder is hashed as the name is: as a seed it would be
 * no more than added to a short name, and "a" in one folder would often be the
 * same as "b" in the next.
 */
static struct slot
slot_of(const struct folder *folder, const char *name)
{
	unsigned char key[sizeof(uint64_t) + NAME_MAX];
	size_t len = strnlen(name, NAME_MAX), i;
	uint64_t ino = folder->ino, hash;
	struct slot slot;

	for (i = 0; i < sizeof(ino); i++)
		key[i] = (unsigned char)(ino >> 8 * i);
	memcpy(key + sizeof(ino), name, len);
	hash = XXH3_64bits(key, sizeof(ino) + len);
	slot.file = (unsigned int)(hash % BASE_NAMES_FILES);
	slot.at = (off_t)(hash / BASE_NAMES_FILES);
	return slot;
}

static bool
is_behind(const struct slot *slot, const struct slot *other)
{
	return slot->file != other->file ? slot->file > other->file :
	    slot->at > other->at;
}

static bool
set_lock(const struct names *names, const struct slot *slot, short type)
{
	struct flock lock = {
		.l_type = type,
		.l_whence = SEEK_SET,
		.l_start = slot->at,
		.l_len = 1,
	};
	int ret;

	do {
		ret = fcntl(names->fds[slot->file], F_OFD_SETLK, &lock);
	} while (ret == -1 && errno == EINTR);
	return ret == 0;
}

static int
open_number(const struct base *base, unsigned int file)
{
	char name[16];

	snprintf(name, sizeof(name), "%02u", file);
	return openat(base_names_fd(base), name,
	    O_RDWR | O_NOFOLLOW | O_CLOEXEC);
}

static bool
open_file(struct names *names, unsigned int file)
{
	if (names->fds[file] == -1)
		names->fds[file] = open_number(names->base, file);
	return names->fds[file] != -1;
}

enum status
names_claim_byte(int *fd, off_t *at, const struct base *base,
    const struct folder *folder, const char *name)
{
	struct slot slot = slot_of(folder, name);

	*at = CLAIMS + slot.at;
	if ((*fd = open_number(base, slot.file)) == -1)
		return status_errno("open a names file");
	return STATUS_OK;
}

static enum status
hold_slot(struct names *names, struct slot slot)
{
	const struct timespec nap = { .tv_nsec = NAP_NS };
	int tries;

	if (!open_file(names, slot.file))
		return status_errno("open a names file");
	for (tries = 0; !set_lock(names, &slot, F_WRLCK); tries++) {
		if (errno != EAGAIN && errno != EACCES)
			return status_errno("lock the name");
		if (tries >= YIELDS + NAPS)
			return status_set(STATUS_LOCKED,
			    "the name is being changed by somebody else");
		if (tries < YIELDS)
			sched_yield();
		else
			nanosleep(&nap, NULL);
	}
	names->held[names->count++] = slot;
	return STATUS_OK;
}

enum status
names_hold(struct names *names, const struct folder *folder, const char *name,
    const struct folder *other_folder, const char *other)
{
	struct slot slots[2];
	int count = 1, first = 0, i;	/* the lesser slot comes first */
	enum status st = STATUS_OK;

	slots[0] = slot_of(folder, name);
	if (other != NULL) {
		slots[1] = slot_of(other_folder, other);
		first = is_behind(&slots[0], &slots[1]);
		count = 2;	/* twice the same does no harm */
	}
	for (i = 0; i < count && st == STATUS_OK; i++)
		st = hold_slot(names, slots[first ^ i]);
	if (st != STATUS_OK)
		names_release(names);
	return st;
}

void
names_release(struct names *names)
{
	struct slot *slot;

	while (names->count > 0) {
		slot = &names->held[--names->count];
		/* A lock that cannot be given back goes with its descriptor. */
		if (names->fds[slot->file] != -1 &&
		    !set_lock(names, slot, F_UNLCK)) {
			close(names->fds[slot->file]);
			names->fds[slot->file] = -1;
		}
	}
}
