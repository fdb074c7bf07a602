/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "mailbox.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

struct mailbox {
	atomic_uint	 references;
	pthread_mutex_t	 mutex;
	struct letter	*first, **last;
	bool		 closed;
	void		(*wake)(void *ctx);
	void		*ctx;
};

struct mailbox *
mailbox_new(void (*wake)(void *ctx), void *ctx)
{
	struct mailbox *mailbox;

	if ((mailbox = calloc(1, sizeof(*mailbox))) == NULL)
		return NULL;
	atomic_init(&mailbox->references, 1);
	pthread_mutex_init(&mailbox->mutex, NULL);
	mailbox->last = &mailbox->first;
	mailbox->wake = wake;
	mailbox->ctx = ctx;
	return mailbox;
}

struct mailbox *
mailbox_ref(struct mailbox *mailbox)
{
	atomic_fetch_add(&mailbox->references, 1);
	return mailbox;
}

static void
drop_all(struct mailbox *mailbox)
{
	struct letter *letter;

	while ((letter = mailbox_take(mailbox)) != NULL)
		letter->drop(letter);
}

void
mailbox_unref(struct mailbox *mailbox)
{
	if (mailbox == NULL ||
	    atomic_fetch_sub(&mailbox->references, 1) != 1)
		return;
	drop_all(mailbox);
	pthread_mutex_destroy(&mailbox->mutex);
	free(mailbox);
}

void
mailbox_post(struct mailbox *mailbox, struct letter *letter)
{
	bool drops;

	letter->next = NULL;
	pthread_mutex_lock(&mailbox->mutex);
	drops = mailbox->closed;
	if (!drops) {
		*mailbox->last = letter;
		mailbox->last = &letter->next;
		/* Under the lock, so that the session cannot be freed now. */
		mailbox->wake(mailbox->ctx);
	}
	pthread_mutex_unlock(&mailbox->mutex);
	if (drops)
		letter->drop(letter);
}

struct letter *
mailbox_take(struct mailbox *mailbox)
{
	struct letter *letter;

	pthread_mutex_lock(&mailbox->mutex);
	if ((letter = mailbox->first) != NULL) {
		mailbox->first = letter->next;
		if (mailbox->first == NULL)
			mailbox->last = &mailbox->first;
	}
	pthread_mutex_unlock(&mailbox->mutex);
	return letter;
}

void
mailbox_close(struct mailbox *mailbox)
{
	pthread_mutex_lock(&mailbox->mutex);
	mailbox->closed = true;
	pthread_mutex_unlock(&mailbox->mutex);
	/* A letter may hold a reference, which would keep both for ever. */
	drop_all(mailbox);
}
