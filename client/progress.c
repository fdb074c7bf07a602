/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "progress.h"

#include <stdatomic.h>

#include "clock.h"

void
progress_begin(struct progress *progress, struct board *board,
    const char *name, uint64_t total)
{
	progress->board = board;
	if (board == NULL)
		return;
	progress->name = name;
	progress->total = total;
	progress->begun = clock_ms();
	atomic_store(&progress->done, 0);
	atomic_store(&progress->brought, 0);
	progress->pace = (struct progress_pace){ .at = progress->begun };
	board_add(board, progress);
}

void
progress_update(struct progress *progress, uint64_t done)
{
	if (progress->board == NULL)
		return;
	atomic_store(&progress->done, done);
	board_draw(progress->board);
}

void
progress_brought(struct progress *progress, uint64_t bytes)
{
	atomic_fetch_add(&progress->brought, bytes);
}

void
progress_end(struct progress *progress)
{
	if (progress->board != NULL)
		board_remove(progress->board, progress);
	progress->board = NULL;
}
