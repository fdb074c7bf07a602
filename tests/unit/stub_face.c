/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "stub_face.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "flush_line.h"
#include "log.h"

static struct stub_face *
self(struct answer *answer)
{
	return (struct stub_face *)answer;
}

static void
note_facts(struct stub_face *face, const struct file_facts *facts)
{
	face->facts = *facts;
	snprintf(face->name, sizeof(face->name), "%s", facts->name);
	face->facts.name = face->name;
}

static void
stub_ok(struct answer *answer, const struct outcome *outcome)
{
	struct stub_face *face = self(answer);

	face->finals++;
	face->st = STATUS_OK;
	face->outcome = *outcome;
	face->has_path = outcome->path != NULL;
	if (face->has_path)
		snprintf(face->path, sizeof(face->path), "%s", outcome->path);
	face->has_entry = outcome->entry != NULL;
	if (face->has_entry)
		note_facts(face, outcome->entry);
	if (outcome->sum != NULL)
		memcpy(face->sum, outcome->sum, outcome->sum_len);
	face->outcome.sum = NULL;
	face->outcome.path = NULL;
	face->outcome.entry = NULL;
	face->outcome.receipt = NULL;
}

static void
stub_error(struct answer *answer, enum status st, const char *text,
    const char *holder)
{
	struct stub_face *face = self(answer);

	ck_assert_int_ne(st, STATUS_OK);
	face->finals++;
	face->st = st;
	snprintf(face->text, sizeof(face->text), "%s", text);
	snprintf(face->holder, sizeof(face->holder), "%s", holder);
}

static void
stub_begun_get(struct answer *answer, const struct file_facts *facts)
{
	struct stub_face *face = self(answer);

	ck_assert_uint_eq(face->finals, 0);
	face->has_begun_get = true;
	note_facts(face, facts);
}

static void
stub_begun_put(struct answer *answer, const uint8_t *upload_id)
{
	struct stub_face *face = self(answer);

	ck_assert_uint_eq(face->finals, 0);
	face->has_begun_put = true;
	memcpy(face->upload_id, upload_id, sizeof(face->upload_id));
}

static bool
stub_entry(struct answer *answer, const struct file_facts *facts)
{
	struct stub_face *face = self(answer);

	if (face->entry_room == 0)
		return false;
	face->entry_room--;
	ck_assert_uint_lt(face->entry_count, STUB_ENTRIES);
	snprintf(face->entries[face->entry_count++],
	    sizeof(face->entries[0]), "%c%s", facts->type, facts->name);
	return true;
}

static uint8_t bytes[STUB_ROOM];

/* Rows of a folder stand among the entries: by type, "=" for an end, "!". */
static bool
stub_member(struct answer *answer, const struct answer_member *row)
{
	struct stub_face *face = self(answer);
	const struct file_facts told = { .type = row->is_end ? '=' : '!',
	    .name = row->is_end ? "" : row->path };

	return stub_entry(answer, row->facts != NULL ? row->facts : &told) &&
	    face->finals == 0;
}

static void *
stub_whole_room(struct answer *answer, const struct file_facts *facts)
{
	struct stub_face *face = self(answer);

	ck_assert_uint_le(facts->size, ANSWER_WHOLE_MOST);
	if (face->data_left < facts->size || !stub_entry(answer, facts))
		return NULL;
	note_facts(face, facts);
	return bytes;
}

static void
stub_whole(struct answer *answer, const uint8_t *digest)
{
	struct stub_face *face = self(answer);
	uint8_t right[DIGEST_SIZE];

	if (digest == NULL) {
		face->entry_count--;
		return;
	}
	digest_of_small(right, bytes, (size_t)face->facts.size);
	ck_assert_mem_eq(digest, right, DIGEST_SIZE);
	face->received += face->facts.size;
	face->data_left -= (size_t)face->facts.size;
}

static void *
stub_data_room(struct answer *answer, size_t *room)
{
	struct stub_face *face = self(answer);

	if (face->data_left == 0)
		return NULL;
	*room = face->data_left;
	return bytes;
}

static void
stub_data(struct answer *answer, uint64_t offset, size_t len)
{
	struct stub_face *face = self(answer);

	ck_assert(len > 0 && len <= face->data_left);
	ck_assert(face->has_begun_get || face->entry_count > 0);
	ck_assert_uint_eq(face->finals, 0);
	face->data_left -= len;
	face->received += len;
	if (offset < STUB_CONTENT && len <= STUB_CONTENT - offset)
		memcpy(face->content + offset, bytes, len);
}

static void
stub_produce(struct answer *answer, struct producer *producer)
{
	ck_assert_uint_eq(self(answer)->finals, 0);
	self(answer)->producer = producer;
}

static void
stub_consume(struct answer *answer, struct consumer *consumer)
{
	ck_assert_uint_eq(self(answer)->finals, 0);
	self(answer)->consumer = consumer;
}

/* What is told of pieces and uploads is for the system tests. */
static bool
stub_pieces(struct answer *answer, const struct answer_pieces *row)
{
	(void)answer;
	(void)row;
	return true;
}

static bool
stub_upload(struct answer *answer, const struct upload_listed *upload)
{
	(void)answer;
	(void)upload;
	return true;
}

static bool
stub_held(struct answer *answer, const struct lock_facts *facts)
{
	(void)facts;
	self(answer)->entry_count++;
	return true;
}

static void
stub_wait(struct answer *answer, struct waiter *waiter)
{
	ck_assert_uint_eq(self(answer)->finals, 0);
	self(answer)->waiter = waiter;
}

static const struct answer_ops ops = {
	.ok = stub_ok,
	.error = stub_error,
	.begun_get = stub_begun_get,
	.begun_put = stub_begun_put,
	.entry = stub_entry,
	.pieces = stub_pieces,
	.upload = stub_upload,
	.member = stub_member,
	.whole_room = stub_whole_room,
	.whole = stub_whole,
	.data_room = stub_data_room,
	.data = stub_data,
	.produce = stub_produce,
	.consume = stub_consume,
	.held = stub_held,
	.wait = stub_wait,
};

static void
forget(struct stub_face *face)
{
	if (face->producer != NULL)
		face->producer->ops->free(face->producer);
	if (face->consumer != NULL)
		face->consumer->ops->free(face->consumer);
	memset(face, 0, sizeof(*face));
	face->answer.ops = &ops;
	face->data_room = STUB_ROOM;
}

static void
wake(void *ctx)
{
	sem_post(ctx);
}

static bool
set_cwd(struct caller *caller, const char *clean_path)
{
	struct desk *desk = (struct desk *)((char *)(uintptr_t)caller->who -
	    offsetof(struct desk, who));

	snprintf(desk->cwd, sizeof(desk->cwd), "%s", clean_path);
	return true;
}

void
desk_open(struct desk *desk, enum durability durability)
{
	struct flush_line_plan plan = { .bases = desk->bases, .base_count = 1,
	    .threads = 1, .max_stages = 100 };

	memset(desk, 0, sizeof(*desk));
	log_set_level(LOG_LEVEL_ERROR);
	store_open(&desk->store, durability);
	desk->bases[0] = desk->store.base;
	ck_assert_int_eq(kit_new(&desk->kit, desk->bases, 1), STATUS_OK);
	ck_assert_int_eq(flush_line_new(&desk->line, &plan), STATUS_OK);
	ck_assert_int_eq(sem_init(&desk->letters, 0, 0), 0);
	desk->mailbox = mailbox_new(wake, &desk->letters);
	desk->former = batch_former_new(desk->line, desk->mailbox);
	strcpy(desk->who.user, "alice");
	strcpy(desk->who.address, "192.0.2.1:1");
	strcpy(desk->cwd, "/");
	ck_assert_ptr_nonnull(desk->table = lock_table_new());
	desk->store.place.own = own_locks_new(desk->table, "alice", 1);
	ck_assert_ptr_nonnull(desk->store.place.own);
	desk->caller = (struct caller){ .who = &desk->who,
	    .place = desk->store.place, .rights = RIGHTS_FULL,
	    .cwd = desk->cwd, .kit = desk->kit, .former = desk->former,
	    .parcel = &desk->parcel, .answer = &desk->face.answer,
	    .set_cwd = set_cwd };
	forget(&desk->face);
}

void
desk_close(struct desk *desk)
{
	forget(&desk->face);
	mailbox_close(desk->mailbox);
	batch_former_free(desk->former);
	flush_line_free(desk->line);
	mailbox_unref(desk->mailbox);
	kit_free(desk->kit);
	own_locks_close(desk->store.place.own);
	own_locks_unref(desk->store.place.own);
	lock_table_free(desk->table);
	sem_destroy(&desk->letters);
	ck_assert_int_eq(store_stages(&desk->store), 0);
	store_close(&desk->store);
}

struct request
desk_request(enum verb verb, const char *path)
{
	struct request request = { .verb = verb, .id = 1 };

	request.path.at = path;
	request.path.len = path != NULL ? strlen(path) : 0;
	return request;
}

void
desk_run(struct desk *desk, const struct request *request)
{
	forget(&desk->face);
	command_run(&desk->caller, request);
}

bool
desk_pull(struct desk *desk)
{
	struct stub_face *face = &desk->face;
	struct producer *producer = face->producer;

	face->data_left = face->data_room;
	face->entry_room = 10;
	face->producer = NULL;
	switch (producer->ops->pull(producer, &face->answer)) {
	case PULL_DONE:
		producer->ops->free(producer);
		return false;
	case PULL_WAITS:
		/* The waiter may be done, and have left it once more. */
		return face->producer != NULL;
	default:
		ck_assert_uint_eq(face->finals, 0);
		face->producer = producer;
		return true;
	}
}

enum status
desk_ask(struct desk *desk, const struct request *request)
{
	desk_run(desk, request);
	while (desk->face.producer != NULL)
		desk_pull(desk);
	ck_assert_uint_eq(desk->face.finals, 1);
	return desk->face.st;
}

enum status
desk_do(struct desk *desk, enum verb verb, const char *path)
{
	struct request request = desk_request(verb, path);

	return desk_ask(desk, &request);
}

struct batch *
desk_batch(struct desk *desk)
{
	while (sem_wait(&desk->letters) != 0)
		continue;
	return (struct batch *)mailbox_take(desk->mailbox);
}

bool
desk_lists(const struct desk *desk, const char *entry)
{
	for (size_t i = 0; i < desk->face.entry_count; i++)
		if (strcmp(desk->face.entries[i], entry) == 0)
			return true;
	return false;
}
