/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "hold.h"

#include "sign_in.h"

enum status
hold_begin(struct client *client)
{
	enum status st;

	client->remote = client->sign_in != NULL ?
	    sign_in_remote(client->sign_in) : NULL;
	if ((st = interrupt_begin(&client->interrupt)) != STATUS_OK ||
	    client->remote == NULL)
		return st;
	remote_interrupt_by(client->remote, client->interrupt);
	client->revive = (struct revive){ .settings = client->settings,
	    .target = client->target, .sign_in = client->sign_in,
	    .interrupt = client->interrupt, .folder = &client->folder };
	return outbox_new(&client->outbox, client->remote, &client->revive);
}

void
hold_end(struct client *client)
{
	outbox_free(client->outbox);
	client->outbox = NULL;
	if (client->remote != NULL)
		remote_interrupt_by(client->remote, NULL);
	interrupt_end(client->interrupt);
	client->interrupt = NULL;
}

bool
hold_is_open(const struct client *client)
{
	return client->sign_in != NULL && sign_in_is_open(client->sign_in);
}

enum status
hold_settle(struct client *client, bool *refused)
{
	enum status st, held;

	*refused = false;
	if (!hold_is_open(client))
		return STATUS_OK;
	sign_in_settle(client->sign_in, refused);
	if (!*refused)
		return STATUS_OK;
	/* Somebody may have to type a password. */
	hold_end(client);
	st = sign_in_again(client->sign_in);
	held = hold_begin(client);
	return st != STATUS_OK ? st : held;
}
