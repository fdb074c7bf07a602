/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "patience.h"

#include <stdio.h>

#define MOST_SECONDS	60
#define MOST_AT_ONCE	30	/* no rush lasts longer; a lockout does */

enum status
patience_wait(struct patience *patience, struct interrupt *interrupt,
    bool verbose, struct board *board)
{
	uint32_t wait = patience->wait;

	if (wait == 0)
		wait = 1;
	if (patience->spent >= MOST_SECONDS || wait > MOST_AT_ONCE)
		return STATUS_BUSY;
	if (wait > MOST_SECONDS - patience->spent)
		wait = MOST_SECONDS - patience->spent;
	patience->spent += wait;
	if (verbose) {
		board_hide(board);
		fprintf(stderr, "ftclient: the server is busy, trying again "
		    "in %u s\n", wait);
	}
	return interrupt_sleep(interrupt, (int)wait * 1000);
}
