/*
 * batch_support - a base, a flush line, and sessions that put files by them.
 */
#ifndef BATCH_SUPPORT_H
#define BATCH_SUPPORT_H

#include <semaphore.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "batch_former.h"
#include "check_main.h"
#include "clock.h"
#include "log.h"
#include "store_support.h"

/* What a session has of it. */
struct session {
	struct audit_who who;
	struct mailbox	*mailbox;
	struct batch_former *former;
	sem_t		 letters;
};

static struct store store;
static struct base *bases[1];
static struct flush_line *line;
static struct session one;

static inline void
wake(void *ctx)
{
	sem_post(ctx);
}

static inline void
session_open(struct session *session)
{
	memset(session, 0, sizeof(*session));
	ck_assert_int_eq(sem_init(&session->letters, 0, 0), 0);
	session->mailbox = mailbox_new(wake, &session->letters);
	session->former = batch_former_new(line, session->mailbox);
	ck_assert_ptr_nonnull(session->former);
	strcpy(session->who.user, "alice");
	strcpy(session->who.address, "192.0.2.1:1");
}

static inline void
session_close(struct session *session)
{
	mailbox_close(session->mailbox);
	batch_former_free(session->former);
	mailbox_unref(session->mailbox);
}

static inline void
open_line(unsigned int threads, enum durability durability, size_t stages)
{
	struct flush_line_plan plan = { .bases = bases, .base_count = 1,
	    .threads = threads, .max_stages = stages };

	store_open(&store, durability);
	bases[0] = store.base;
	ck_assert_int_eq(flush_line_new(&line, &plan), STATUS_OK);
	session_open(&one);
}

static inline void
set_up(void)
{
	log_set_level(LOG_LEVEL_ERROR);
	line = NULL;
}

static inline void
tear_down(void)
{
	session_close(&one);
	flush_line_free(line);
	sem_destroy(&one.letters);
	ck_assert_int_eq(store_stages(&store), 0);
	store_close(&store);
}

/* An upload of `text` joins the batch of the session. */
static inline enum status
add(struct session *session, uint32_t id, const char *path, const char *text,
    bool chained)
{
	struct batch_entry entry = { .who = &session->who, .id = id,
	    .chained = chained };
	struct upload_plan plan = { .path = path, .has_size = true,
	    .size = strlen(text) };
	const struct folder *folder;
	enum status st;

	st = batch_former_prepare(session->former, &session->who,
	    &store.place, path, &folder);
	if (st != STATUS_OK)
		return st;
	entry.began_us = clock_us();
	ck_assert_int_eq(upload_begin(&entry.upload, &store.place, folder,
	    &plan), STATUS_OK);
	ck_assert_int_eq(upload_write(entry.upload, 0, text, strlen(text)),
	    STATUS_OK);
	ck_assert_int_eq(store_seal(entry.upload, text), STATUS_OK);
	return batch_former_add(session->former, &entry);
}

static struct batch *
wait_for(struct session *session)
{
	struct batch *batch;

	while (sem_wait(&session->letters) != 0)
		continue;
	batch = (struct batch *)mailbox_take(session->mailbox);
	ck_assert_ptr_nonnull(batch);
	return batch;
}

/* The outcomes of the batch that comes next, as words. */
static const char *
outcomes(struct session *session)
{
	struct batch *batch = wait_for(session);
	static char text[4096];
	enum status st = STATUS_OK;
	size_t len = 0;

	text[0] = '\0';
	for (size_t i = 0; i < batch->count; i++) {
		st = batch->member[i].st;
		ck_assert_ptr_null(batch->member[i].upload);
		ck_assert_int_eq(st == STATUS_OK,
		    batch->member[i].words.text == NULL);
		len += (size_t)snprintf(text + len, sizeof(text) - len,
		    "%s%u %s", i > 0 ? ", " : "", batch->member[i].id,
		    st == STATUS_OK ? "ok" : status_word(st));
	}
	batch_former_done(session->former, st != STATUS_OK);
	batch_free(batch);
	return text;
}

#endif
