/* SPDX-License-Identifier: ISC */
/* put -r --atomic: the server publishes the folder by one rename, or not. */
#include "config.h"

#include "put_tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "errands.h"
#include "go_on.h"
#include "ledger.h"
#include "paths.h"
#include "patience.h"
#include "put_held.h"
#include "remote_tree.h"
#include "report.h"

/* A folder that is sent as one, and what the server says of it. */
struct whole {
	struct put_tree	*put;		/* borrowed */
	struct remote_tree there;	/* members of an earlier run */
	bool		 is_published;	/* by an earlier run ... */
	uint8_t		 published[FT1_ID_SIZE];	/* ... as this */
	struct receipt	 receipt;	/* of that */
};

static void
key_of(struct ledger_key *key, const struct put_tree *put)
{
	key->target = put->client->target;
	key->folder = put->client->folder;
	key->path = put->target;
	key->local = put->local;
}

/*
 * --- Requests ---------------------------------------------------------------
 */

static enum status
take_tree(struct call *call, const struct frame *frame)
{
	struct whole *whole = call->owner;
	struct reply reply;
	enum status st;

	/* More than there is here does not fit, whatever else it is. */
	if (frame->header.type == FT1_ENTRIES)
		return whole->there.len > whole->put->tree.len ? STATUS_OK :
		    remote_tree_take(&whole->there, frame);
	if (frame->header.type == FT1_BEGUN) {
		st = reply_read(&reply, frame, REPLY_UPLOAD);
		if (st == STATUS_OK)
			memcpy(whole->put->id, reply.upload, FT1_ID_SIZE);
		whole->put->has_id = st == STATUS_OK;
		return st;
	}
	st = reply_final(&reply, frame, "a tree", 0);
	if (st == STATUS_OK && !whole->put->has_id) {
		whole->is_published = (reply.has & REPLY_DIGEST) != 0;
		memcpy(whole->published, reply.digest, DIGEST_SIZE);
		receipt_read(&whole->receipt, &reply);
	}
	if (st == STATUS_OK && !whole->put->has_id && !whole->is_published)
		st = status_set(STATUS_PROTOCOL,
		    "the server has begun a folder without an id");
	return st;
}

static void
ask_to_begin(const struct whole *whole, struct call *call)
{
	const struct put_tree *put = whole->put;
	struct ft1_frame *frame;
	uint64_t size = 0;
	size_t i;

	for (i = 0; i < put->tree.len; i++)
		size += put->tree.at[i].size;
	frame = remote_request(put->client->remote, FT1_TREE, 0, call);
	ft1_put_string(frame, FT1_TAG_PATH, put->target);
	ft1_put_u64(frame, FT1_TAG_SIZE, size);
	if (put->keeps)
		ft1_put_u32(frame, FT1_TAG_MODE, put->tree.mode);
	ft1_put_u8(frame, FT1_TAG_TAKEN, put->taken);
	ft1_put_u64(frame, FT1_TAG_COUNT, put->tree.len);
}

static void
ask_to_take_up(const struct whole *whole, struct call *call,
    const uint8_t id[FT1_ID_SIZE])
{
	struct ft1_frame *frame;

	frame = remote_request(whole->put->client->remote, FT1_TREE, 0, call);
	ft1_put_bytes(frame, FT1_TAG_UPLOAD, id, FT1_ID_SIZE);
}

/* Begin it, or with an id take it up. */
static enum status
open_tree(struct whole *whole, const uint8_t *id)
{
	struct put_tree *put = whole->put;
	struct patience patience = { 0 };
	bool was_lost = false;
	struct call call;
	enum status st;

	do {
		remote_tree_clear(&whole->there);
		put->has_id = false;
		call = (struct call){ .receiver = take_tree, .owner = whole };
		if (id != NULL)
			ask_to_take_up(whole, &call, id);
		else
			ask_to_begin(whole, &call);
		st = remote_finish(put->client->remote, &call);
		was_lost |= revive_is_loss(st);
		/* The lost connection may still have it for a while. */
		if (st == STATUS_LOCKED && was_lost)
			st = STATUS_BUSY;
	} while (st != STATUS_OK &&
	    errand_again(put->client, &call, &patience, st));
	if (st != STATUS_OK)
		put->has_id = false;
	return st;
}

static void
discard(struct put_tree *put)
{
	struct call call = { 0 };
	struct ledger_key key;
	struct ft1_frame *frame;

	key_of(&key, put);
	ledger_forget(&key);
	if (remote_lost(put->client->remote) != STATUS_OK)
		return;
	frame = remote_request(put->client->remote, FT1_DISCARD, 0, &call);
	ft1_put_bytes(frame, FT1_TAG_UPLOAD, put->id, FT1_ID_SIZE);
	/* What is gone already, or cannot be had now, becomes too old. */
	(void)remote_finish(put->client->remote, &call);
	put->has_id = false;
}

/* Go on with what an earlier run began, if that is wanted and can be. */
static enum status
begin(struct whole *whole)
{
	struct put_tree *put = whole->put;
	uint8_t id[FT1_ID_SIZE];
	struct ledger_key key;
	enum status st;
	bool fits;

	key_of(&key, put);
	if (put->goes_on && ledger_find(id, &key)) {
		st = open_tree(whole, id);
		if (st == STATUS_OK && whole->is_published &&
		    put_held_is_all(put, whole->published))
			return STATUS_OK;
		if (st == STATUS_OK && !whole->is_published) {
			st = put_held_compare(put, &whole->there, &fits);
			if (st != STATUS_OK || fits)
				return st;
			discard(put);
		}
		if (st != STATUS_OK && st != STATUS_NOT_FOUND)
			return st;
		ledger_forget(&key);
		put_held_forget(put);
		whole->is_published = false;
	}
	if ((st = open_tree(whole, NULL)) == STATUS_OK)
		ledger_note(&key, put->id);
	return st;
}

/*
 * --- The end ----------------------------------------------------------------
 */

struct publication {
	uint8_t		 digest[DIGEST_SIZE];	/* of what was sent */
	struct receipt	 receipt;
};

static enum status
take_receipt(struct call *call, const struct frame *frame)
{
	struct publication *published = call->owner;
	struct reply reply;
	enum status st;

	st = reply_final(&reply, frame, "a commit",
	    REPLY_SIZE | REPLY_DIGEST);
	if (st != STATUS_OK)
		return st;
	receipt_read(&published->receipt, &reply);
	return memcmp(reply.digest, published->digest, DIGEST_SIZE) == 0 ?
	    STATUS_OK : status_set(STATUS_DIGEST,
	    "the server published something else than was sent");
}

static void
keep_receipt(struct put_tree *put, struct receipt *receipt)
{
	size_t i;

	put->tally.is_async = receipt->is_async;
	receipt->is_folder = true;
	receipt->files = 0;
	for (i = 0; i < put->tree.len; i++)
		receipt->files += !put->tree.at[i].is_folder;
	(void)report_receipt(&put->client->revive, put->target,
	    put->tally.bytes, receipt);
}

/* A commit that comes twice, as its answer was lost, has the same receipt. */
static enum status
commit(struct whole *whole)
{
	struct put_tree *put = whole->put;
	struct patience patience = { 0 };
	struct publication published = { .receipt = { .has = 0 } };
	struct ft1_frame *frame;
	struct call call;
	enum status st;

	if ((st = put_held_sum(published.digest, put)) != STATUS_OK)
		return st;
	do {
		call = (struct call){ .receiver = take_receipt,
		    .owner = &published };
		frame = remote_request(put->client->remote, FT1_TREE_COMMIT,
		    0, &call);
		ft1_put_bytes(frame, FT1_TAG_DIGEST, published.digest,
		    DIGEST_SIZE);
		ft1_put_bytes(frame, FT1_TAG_UPLOAD, put->id, FT1_ID_SIZE);
		ft1_put_u64(frame, FT1_TAG_COUNT, put->tree.len);
		st = remote_finish(put->client->remote, &call);
	} while (st != STATUS_OK &&
	    errand_again(put->client, &call, &patience, st));
	if (st == STATUS_OK)
		keep_receipt(put, &published.receipt);
	return st;
}

static enum status
send_all(struct whole *whole)
{
	struct put_tree *put = whole->put;
	enum status st;

	put->client->revive.tree = put->id;
	st = put_tree_make_folders(put);
	if (st == STATUS_OK && put->tally.failures == 0)
		st = put_tree_send_files(put);
	if (st == STATUS_OK)
		st = tally_end(&put->tally);
	if (st == STATUS_OK)
		st = commit(whole);
	put->client->revive.tree = NULL;
	return st;
}

/* May it be gone on with by another run? */
static bool
is_to_be_kept(enum status st)
{
	return revive_is_loss(st) || st == STATUS_CANCELLED ||
	    st == STATUS_BUSY || st == STATUS_QUOTA || st == STATUS_NO_MEMORY;
}

/* Without its options the command would be about other members. */
static bool
has_choices(const struct put_tree *put)
{
	return tree_filter_is_any(&put->options.filter) ||
	    put->options.follows || put->options.keeps_links ||
	    put->taken != 1;
}

/* The words of the failure are kept. */
static void
give_up(struct put_tree *put, enum status st)
{
	struct status_words words = { 0 };

	status_words_keep(&words, st);
	if (!is_to_be_kept(st))
		discard(put);
	else if (has_choices(put))
		go_on_tell(put->client->settings,
		    "the same command, with -a", NULL, NULL);
	else
		go_on_tell(put->client->settings, put->keeps ?
		    "put -a -rp --atomic" : "put -a -r --atomic", put->local,
		    put->target);
	(void)status_words_return(&words, st);
}

enum status
put_tree_as_one(struct put_tree *put)
{
	struct whole whole = { .put = put };
	struct ledger_key key;
	enum status st;

	if (strcmp(put->target, ".") == 0 || path_base(put->target) == NULL)
		return status_set(STATUS_USAGE,
		    "a folder that is sent as one needs a name of its own");
	/* What cannot be read here would be missing there. */
	if ((st = tally_end(&put->tally)) != STATUS_OK ||
	    (st = put_held_begin(put)) != STATUS_OK)
		return st;
	st = begin(&whole);
	if (st == STATUS_OK && whole.is_published)
		keep_receipt(put, &whole.receipt);
	else if (st == STATUS_OK)
		st = send_all(&whole);
	if (st == STATUS_OK) {
		key_of(&key, put);
		ledger_forget(&key);
		tally_tell(&put->tally, put->client->settings, "put",
		    put->target);
	} else if (put->has_id)
		give_up(put, st);
	remote_tree_clear(&whole.there);
	return st;
}
