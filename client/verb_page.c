/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "verb.h"

#include <unistd.h>

#include "escape.h"
#include "file_pieces.h"
#include "pager.h"
#include "paths.h"

#define STEP	16384u		/* bytes that are escaped at once */

/* Give the pager what has come, but for a character that is cut off. */
static enum status
write_piece(struct pager *pager, const struct file_pieces *pieces,
    size_t *held)
{
	char text[ESCAPE_GROWTH * STEP + 1];
	enum status st = STATUS_OK;
	const uint8_t *bytes;
	size_t len, n;

	bytes = file_pieces_bytes(pieces, &len);
	*held = file_pieces_at_end(pieces) ? 0 : escape_torn(bytes, len);
	len -= *held;
	while (len > 0 && st == STATUS_OK) {
		n = len > STEP ? STEP - escape_torn(bytes, STEP) : len;
		st = pager_write(pager, text,
		    escape_text(text, sizeof(text), bytes, n));
		bytes += n;
		len -= n;
	}
	return st;
}

static enum status
feed(struct pager *pager, struct file_pieces *pieces)
{
	size_t held;
	enum status st;

	st = write_piece(pager, pieces, &held);
	while (st == STATUS_OK && !pager_is_content(pager) &&
	    !file_pieces_at_end(pieces)) {
		st = file_pieces_next(pieces, held, pager_fd(pager));
		if (st == STATUS_OK)
			st = write_piece(pager, pieces, &held);
	}
	return st;
}

/* What it says on the way counts, unless the person has left it. */
static enum status
show(struct client *client, struct file_pieces *pieces)
{
	struct status_words words = { NULL, NULL };
	struct pager *pager;
	enum status st, ended;

	if ((st = pager_begin(&pager, client)) != STATUS_OK)
		return st;
	/* The screen is the pager's. */
	client->revive.is_silent = true;
	st = feed(pager, pieces);
	client->revive.is_silent = false;
	if (st == STATUS_CANCELLED && !interrupt_is_pending(client->interrupt))
		st = STATUS_OK;
	status_words_keep(&words, st);
	ended = pager_end(pager);
	if (st != STATUS_OK)
		return status_words_return(&words, st);
	status_words_free(&words);
	return ended;
}

enum status
verb_page(struct client *client, const struct arguments *arguments,
    const char **blame)
{
	struct file_pieces *pieces;
	uint32_t wait;
	enum status st;

	if (!isatty(STDOUT_FILENO))
		return verb_cat(client, arguments, blame);
	*blame = arguments->words[0];
	if ((st = path_check(*blame)) != STATUS_OK ||
	    (st = verb_wait_seconds(&wait, arguments)) != STATUS_OK ||
	    (st = file_pieces_new(&pieces, client, *blame, wait)) != STATUS_OK)
		return st;
	/* No pager for what cannot be had. */
	if ((st = file_pieces_next(pieces, 0, -1)) == STATUS_OK)
		st = show(client, pieces);
	file_pieces_free(pieces);
	return st;
}
