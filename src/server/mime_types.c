/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "mime_types.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <magic.h>

#include "range_lock.h"

#define HEAD	65536u		/* bytes of a file that are looked at */

/*
 * Content may come from anybody.  Nothing is unpacked or run, and what takes
 * parsers of its own (programs, office files of old, archives) is told by the
 * database alone.
 */
#define CHECKS (MAGIC_MIME_TYPE | MAGIC_NO_CHECK_COMPRESS | \
	MAGIC_NO_CHECK_ELF | MAGIC_NO_CHECK_CDF | MAGIC_NO_CHECK_TAR | \
	MAGIC_NO_CHECK_APPTYPE | MAGIC_NO_CHECK_TOKENS | MAGIC_NO_CHECK_CSV)

static const struct {
	int	 parameter;
	size_t	 most;
} limits[] = {
	{ MAGIC_PARAM_INDIR_MAX, 10 },
	{ MAGIC_PARAM_NAME_MAX, 30 },
	{ MAGIC_PARAM_REGEX_MAX, 4096 },
	{ MAGIC_PARAM_BYTES_MAX, HEAD },
	{ MAGIC_PARAM_ENCODING_MAX, 8192 },
};

struct reader {
	magic_t		 magic;		/* owned */
	struct reader	*next;
	uint8_t		 head[HEAD];
};

struct mime_types {
	void		*database;	/* mapped, read by all */
	size_t		 size;
	pthread_mutex_t	 mutex;		/* guards what follows */
	struct reader	*idle;		/* owned, as they all are */
};

static void
free_reader(struct reader *reader)
{
	if (reader == NULL)
		return;
	if (reader->magic != NULL)
		magic_close(reader->magic);
	free(reader);
}

static struct reader *
new_reader(const struct mime_types *types)
{
	struct reader *reader = calloc(1, sizeof(*reader));
	void *database = types->database;
	size_t i, size = types->size;
	bool works;

	if (reader == NULL)
		return NULL;
	reader->magic = magic_open(CHECKS);
	works = reader->magic != NULL &&
	    magic_load_buffers(reader->magic, &database, &size, 1) == 0;
	for (i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		works = works && magic_setparam(reader->magic,
		    limits[i].parameter, &limits[i].most) == 0;
	if (!works) {
		free_reader(reader);
		return NULL;
	}
	return reader;
}

static struct reader *
borrow(struct mime_types *types)
{
	struct reader *reader;

	pthread_mutex_lock(&types->mutex);
	if ((reader = types->idle) != NULL)
		types->idle = reader->next;
	pthread_mutex_unlock(&types->mutex);
	return reader != NULL ? reader : new_reader(types);
}

static void
give_back(struct mime_types *types, struct reader *reader)
{
	pthread_mutex_lock(&types->mutex);
	reader->next = types->idle;
	types->idle = reader;
	pthread_mutex_unlock(&types->mutex);
}

/* The first of the places where this libmagic looks; false if there is none. */
static bool
map_database(struct mime_types *types)
{
	char *paths = strdup(magic_getpath(NULL, -1)), *rest = paths, *path;
	char name[4096];
	struct stat sb;
	int fd = -1;

	while (fd == -1 && (path = strsep(&rest, ":")) != NULL)
		if (snprintf(name, sizeof(name), "%s.mgc", path) <
		    (int)sizeof(name))
			fd = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	free(paths);
	if (fd == -1)
		return false;
	types->database = MAP_FAILED;
	if (fstat(fd, &sb) == 0 && sb.st_size > 0) {
		types->size = (size_t)sb.st_size;
		types->database = mmap(NULL, types->size, PROT_READ,
		    MAP_PRIVATE, fd, 0);
	}
	close(fd);
	return types->database != MAP_FAILED;
}

enum status
mime_types_new(struct mime_types **out)
{
	struct mime_types *types;
	struct reader *reader;

	*out = NULL;
	if ((types = calloc(1, sizeof(*types))) == NULL)
		return status_set(STATUS_NO_MEMORY, "out of memory");
	if (!map_database(types)) {
		free(types);
		return status_set(STATUS_NOT_FOUND,
		    "the database of libmagic is missing");
	}
	pthread_mutex_init(&types->mutex, NULL);
	/* It has to be of this version, and what libmagic opens is open. */
	if ((reader = new_reader(types)) == NULL) {
		mime_types_free(types);
		return status_set(STATUS_NOT_FOUND,
		    "the database of libmagic does not fit it");
	}
	give_back(types, reader);
	*out = types;
	return STATUS_OK;
}

void
mime_types_free(struct mime_types *types)
{
	struct reader *reader;

	if (types == NULL)
		return;
	while ((reader = types->idle) != NULL) {
		types->idle = reader->next;
		free_reader(reader);
	}
	munmap(types->database, types->size);
	pthread_mutex_destroy(&types->mutex);
	free(types);
}

/* The lock is only tried, and gone when the descriptor is. */
static ssize_t
read_head(struct reader *reader, int fd)
{
	ssize_t n;

	if (range_lock(fd, RANGE_LOCK_SHARED, 0, HEAD) != STATUS_OK)
		return -1;
	do
		n = pread(fd, reader->head, HEAD, 0);
	while (n == -1 && errno == EINTR);
	(void)range_lock(fd, RANGE_LOCK_NONE, 0, HEAD);
	return n;
}

bool
mime_types_of(struct mime_types *types, int fd, char out[MIME_TYPE_ROOM])
{
	struct reader *reader = borrow(types);
	const char *type = NULL;
	ssize_t n;

	if (reader == NULL)
		return false;
	if ((n = read_head(reader, fd)) == 0)
		type = "inode/x-empty";		/* as file(1) has it */
	else if (n > 0)
		type = magic_buffer(reader->magic, reader->head, (size_t)n);
	if (type != NULL && strlen(type) >= MIME_TYPE_ROOM)
		type = NULL;
	if (type != NULL)
		strcpy(out, type);
	give_back(types, reader);
	return type != NULL;
}
