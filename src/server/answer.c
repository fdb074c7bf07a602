/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "answer.h"

void
answer_ok(struct answer *answer, const struct outcome *outcome)
{
	static const struct outcome nothing;

	answer->ops->ok(answer, outcome != NULL ? outcome : &nothing);
}

void
answer_error(struct answer *answer, enum status st)
{
	answer->ops->error(answer, st, status_text(st),
	    status_holder(st));
}

void
answer_begun_get(struct answer *answer, const struct file_facts *facts)
{
	answer->ops->begun_get(answer, facts);
}

void
answer_begun_put(struct answer *answer, const uint8_t *upload_id)
{
	answer->ops->begun_put(answer, upload_id);
}

bool
answer_entry(struct answer *answer, const struct file_facts *facts)
{
	return answer->ops->entry(answer, facts);
}

bool
answer_pieces(struct answer *answer, const struct answer_pieces *row)
{
	return answer->ops->pieces(answer, row);
}

bool
answer_upload(struct answer *answer, const struct upload_listed *upload)
{
	return answer->ops->upload(answer, upload);
}

bool
answer_held(struct answer *answer, const struct lock_facts *facts)
{
	return answer->ops->held(answer, facts);
}

bool
answer_member(struct answer *answer, const struct answer_member *row)
{
	return answer->ops->member(answer, row);
}

void *
answer_whole_room(struct answer *answer, const struct file_facts *facts)
{
	return answer->ops->whole_room(answer, facts);
}

void
answer_whole(struct answer *answer, const uint8_t *digest)
{
	answer->ops->whole(answer, digest);
}

void *
answer_data_room(struct answer *answer, size_t *room)
{
	return answer->ops->data_room(answer, room);
}

void
answer_data(struct answer *answer, uint64_t offset, size_t len)
{
	answer->ops->data(answer, offset, len);
}

void
answer_produce(struct answer *answer, struct producer *producer)
{
	answer->ops->produce(answer, producer);
}

void
answer_consume(struct answer *answer, struct consumer *consumer)
{
	answer->ops->consume(answer, consumer);
}

void
answer_wait(struct answer *answer, struct waiter *waiter)
{
	answer->ops->wait(answer, waiter);
}
