/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "user_source.h"

#include <sys/stat.h>

#include <openssl/sha.h>

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/*
 * The kernel stamps files by a clock that ticks every few milliseconds, so a
 * file read within a tick of its last change may change again and look the
 * same.  Such a file is read again until it is older than this.
 */
#define TICK_NS 20000000

/* What tells a file from another, and from itself before a change. */
struct stamp {
	bool		 is_there;
	dev_t		 dev;
	ino_t		 ino;
	off_t		 size;
	struct timespec	 mtime;
	struct timespec	 ctime;
};

struct user_source {
	char				*path;		/* owned */
	struct user_source_report	 report;
	pthread_mutex_t			 lock;		/* of all below */
	struct users			*table;		/* one reference */
	struct stamp			 stamp;		/* of the file seen */
	bool				 is_refused;	/* it was not taken */
	bool				 is_unsure;	/* read it again */
	unsigned char			 digest[SHA256_DIGEST_LENGTH];
};

static struct stamp
stamp_of(const struct stat *sb)
{
	return (struct stamp){ .is_there = true, .dev = sb->st_dev,
	    .ino = sb->st_ino, .size = sb->st_size, .mtime = sb->st_mtim,
	    .ctime = sb->st_ctim };
}

static struct stamp
look(const struct user_source *s)
{
	struct stat sb;

	return stat(s->path, &sb) == 0 ? stamp_of(&sb) : (struct stamp){ 0 };
}

static bool
is_same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static bool
is_same(const struct stamp *a, const struct stamp *b)
{
	return a->is_there == b->is_there && a->dev == b->dev &&
	    a->ino == b->ino && a->size == b->size &&
	    is_same_time(a->mtime, b->mtime) &&
	    is_same_time(a->ctime, b->ctime);
}

static bool
is_young(const struct stamp *stamp)
{
	struct timespec now;
	int64_t age;

	clock_gettime(CLOCK_REALTIME, &now);
	age = now.tv_sec - stamp->ctime.tv_sec;
	if (age < -1 || age > 1)
		return false;
	age = age * 1000000000 + now.tv_nsec - stamp->ctime.tv_nsec;
	return age < TICK_NS;
}

static void
tell(const struct user_source *s, enum status st, const char *text)
{
	if (s->report.tell != NULL)
		s->report.tell(s->report.ctx, st, text);
}

static void
tell_warning(void *source, const char *text)
{
	tell(source, STATUS_OK, text);
}

static void
take_table(struct user_source *s, struct users *table)
{
	bool is_first = s->table == NULL;
	char text[512];

	users_unref(s->table);
	s->table = table;
	snprintf(text, sizeof(text), "%s: %zu user%s %s", s->path,
	    users_count(table), users_count(table) == 1 ? "" : "s",
	    is_first ? "read" : "read again");
	tell(s, STATUS_OK, text);
}

/* Read the file; `*seen` becomes the stamp of what was read, if it was. */
static enum status
read_table(struct user_source *s, struct stamp *seen)
{
	const struct users_warning warning = { tell_warning, s };
	unsigned char digest[SHA256_DIGEST_LENGTH];
	struct users *table;
	struct stat sb;
	enum status st;
	char *bytes;
	size_t len;

	if ((st = users_read_bytes(&bytes, &len, &sb, s->path)) != STATUS_OK)
		return st;
	*seen = stamp_of(&sb);
	SHA256((const unsigned char *)bytes, len, digest);
	/* The same content under a new date is no news. */
	if (s->table == NULL ||
	    memcmp(digest, s->digest, sizeof(digest)) != 0) {
		st = users_parse(&table, bytes, len, s->path, &warning);
		if (st == STATUS_OK) {
			memcpy(s->digest, digest, sizeof(digest));
			take_table(s, table);
		}
	}
	free(bytes);
	return st;
}

/* Whether the same file would be refused again. */
static bool
is_final(enum status st)
{
	return st == STATUS_OK || st == STATUS_CONFIG || st == STATUS_EXISTS ||
	    st == STATUS_NOT_FOUND || st == STATUS_NOT_PERMITTED;
}

static enum status
reload(struct user_source *s, const struct stamp *now)
{
	struct stamp seen = *now;
	enum status st = read_table(s, &seen);
	bool is_news = !s->is_refused || !is_same(&s->stamp, &seen);

	s->stamp = seen;
	s->is_refused = st != STATUS_OK;
	s->is_unsure = is_young(&seen) || !is_final(st);
	if (s->is_refused && is_news && s->table != NULL)
		tell(s, st, status_text(st));
	return st;
}

enum status
user_source_new(struct user_source **out, const char *path,
    const struct user_source_report *report)
{
	struct user_source *s;
	struct stamp now;
	enum status st;

	*out = NULL;
	if ((s = calloc(1, sizeof(*s))) == NULL)
		return status_errno("%s", path);
	pthread_mutex_init(&s->lock, NULL);
	if (report != NULL)
		s->report = *report;
	if ((s->path = strdup(path)) == NULL) {
		st = status_errno("%s", path);
	} else {
		now = look(s);
		st = reload(s, &now);
	}
	if (st == STATUS_OK)
		*out = s;
	else
		user_source_free(s);
	return st;
}

struct users *
user_source_get(struct user_source *s)
{
	struct stamp now = look(s);
	struct users *table;

	pthread_mutex_lock(&s->lock);
	if (s->is_unsure || !is_same(&now, &s->stamp))
		reload(s, &now);
	table = users_ref(s->table);
	pthread_mutex_unlock(&s->lock);
	return table;
}

void
user_source_free(struct user_source *s)
{
	if (s == NULL)
		return;
	users_unref(s->table);
	pthread_mutex_destroy(&s->lock);
	free(s->path);
	free(s);
}
