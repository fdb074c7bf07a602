/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "listing.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "beneath.h"

#define BUFFER_SIZE 32768

/* As getdents64(2) has it. */
struct raw_entry {
	uint64_t	 ino;
	int64_t		 next;
	uint16_t	 length;	/* of this record */
	uint8_t		 type;
	char		 name[];
};

struct listing {
	const struct base *base;	/* borrowed */
	struct folder	 folder;	/* owned; fd -1 for a single file */
	struct folder	 parent;	/* owned; of a single file, or -1 */
	struct listing_entry entry;
	bool		 single;	/* `entry` is all, and not yet told */
	size_t		 used;		/* bytes in `buffer` */
	size_t		 at;		/* the next record in `buffer` */
	_Alignas(struct raw_entry) char buffer[];
};

/* The path is no folder: then what stands there is told of itself. */
static enum status
begin_single(struct listing *listing, const struct place *place,
    const char *path, enum status why)
{
	const char *name = strrchr(path, '/') + 1;

	if (name[0] == '\0' ||
	    walk_lstat(&listing->entry.st, place, path) != STATUS_OK ||
	    S_ISDIR(listing->entry.st.st_mode)) {
		/* Again, for the text of the first error. */
		return walk_folder(&listing->folder, place, path) ==
		    STATUS_OK ? STATUS_OK : why;
	}
	memcpy(listing->entry.name, name, strlen(name) + 1);
	listing->single = true;
	/* Only to open it: who is not let there is told of it all the same. */
	if (walk_parent(&listing->parent, &name, place, path) != STATUS_OK)
		listing->parent.fd = -1;
	return STATUS_OK;
}

enum status
listing_begin(struct listing **out, const struct place *place,
    const char *path)
{
	struct listing *listing;
	enum status st;

	*out = NULL;
	listing = malloc(sizeof(*listing) + BUFFER_SIZE);
	if (listing == NULL)
		return status_set(STATUS_NO_MEMORY, "out of memory");
	memset(listing, 0, sizeof(*listing));
	listing->base = place->base;
	listing->parent.fd = -1;
	st = walk_folder(&listing->folder, place, path);
	if (st != STATUS_OK)
		st = begin_single(listing, place, path, st);
	if (st != STATUS_OK) {
		listing_end(listing);
		return st;
	}
	*out = listing;
	return STATUS_OK;
}

/* The next record of the folder, or NULL with `*error` 0 at the end. */
static const struct raw_entry *
next_raw(struct listing *listing, int *error)
{
	const struct raw_entry *raw;
	long n;

	*error = 0;
	if (listing->at == listing->used) {
		n = syscall(SYS_getdents64, listing->folder.fd,
		    listing->buffer, BUFFER_SIZE);
		/* ENOENT: the folder was removed while it is listed. */
		if (n == -1 && errno != ENOENT)
			*error = errno;
		if (n <= 0)
			return NULL;
		listing->used = (size_t)n;
		listing->at = 0;
	}
	raw = (const struct raw_entry *)(const void *)
	    (listing->buffer + listing->at);
	listing->at += raw->length;
	return raw;
}

static bool
is_listed(const char *name)
{
	return strcmp(name, ".") != 0 && strcmp(name, "..") != 0 &&
	    strlen(name) < sizeof(((struct listing_entry *)0)->name);
}

/* Look at the name; false if it is gone, or not for users. */
static bool
look(struct listing *listing, const char *name, int *error)
{
	struct listing_entry *entry = &listing->entry;

	if (fstatat(listing->folder.fd, name, &entry->st,
	    AT_SYMLINK_NOFOLLOW) == -1) {
		if (errno != ENOENT)
			*error = errno;
		return false;
	}
	if (S_ISDIR(entry->st.st_mode) && base_is_private(listing->base,
	    entry->st.st_dev, entry->st.st_ino))
		return false;
	memcpy(entry->name, name, strlen(name) + 1);
	return true;
}

enum status
listing_next(struct listing *listing, const struct listing_entry **entry)
{
	const struct raw_entry *raw;
	int error = 0;

	*entry = NULL;
	if (listing->folder.fd == -1) {
		if (listing->single)
			*entry = &listing->entry;
		listing->single = false;
		return STATUS_OK;
	}
	while ((raw = next_raw(listing, &error)) != NULL) {
		if (is_listed(raw->name) && look(listing, raw->name, &error)) {
			*entry = &listing->entry;
			return STATUS_OK;
		}
		if (error != 0)
			break;
	}
	errno = error;
	return error == 0 ? STATUS_OK : status_errno("list the folder");
}

bool
listing_open(const struct listing *listing, const struct listing_entry *entry,
    int *fd)
{
	int folder = listing->folder.fd != -1 ? listing->folder.fd :
	    listing->parent.fd;
	struct stat sb;

	if (entry != &listing->entry || !S_ISREG(entry->st.st_mode) ||
	    folder == -1)
		return false;
	*fd = beneath_open_direct(folder, entry->name,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (*fd == -1)
		return false;
	/* Something else may have taken the name. */
	if (fstat(*fd, &sb) == 0 && S_ISREG(sb.st_mode) &&
	    sb.st_dev == entry->st.st_dev && sb.st_ino == entry->st.st_ino)
		return true;
	close(*fd);
	return false;
}

void
listing_end(struct listing *listing)
{
	if (listing == NULL)
		return;
	folder_close(&listing->folder);
	folder_close(&listing->parent);
	free(listing);
}
