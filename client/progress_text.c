/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "progress_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "show.h"

#define NUMBERS		34u	/* columns of all but bar and name */
#define BAR		21u	/* columns of " [=====>    ]" */
#define NAME_LEAST	16u	/* with less for the name there is no bar */
#define LOOK_MS		500u	/* between looks at the pace */
#define WEIGHT		0.3	/* of the last look */

void
progress_pace_look(struct progress_pace *pace, uint64_t now, uint64_t done)
{
	double rate;

	if (now < pace->at + LOOK_MS)
		return;
	rate = done < pace->done ? 0 :
	    (double)(done - pace->done) * 1000 / (double)(now - pace->at);
	pace->rate = pace->rate <= 0 ? rate :
	    pace->rate * (1 - WEIGHT) + rate * WEIGHT;
	pace->at = now;
	pace->done = done;
}

/* Percent and time left, or blanks if the total is not known. */
static void
show_share(char *out, size_t size, uint64_t done, uint64_t total, double rate)
{
	uint64_t left;

	if (total == PROGRESS_UNKNOWN) {
		snprintf(out, size, "     --:--");
		return;
	}
	left = total > done ? total - done : 0;
	if (left > 0 && rate < 1) {
		snprintf(out, size, "%3.0f%% --:--",
		    100.0 * (double)done / (double)total);
		return;
	}
	left = left > 0 ? (uint64_t)((double)left / rate) : 0;
	if (left > 359999)
		left = 359999;
	snprintf(out, size, "%3.0f%% %s%02" PRIu64 ":%02" PRIu64,
	    total == 0 ? 100.0 : 100.0 * (double)done / (double)total,
	    left >= 3600 ? "h" : "", left >= 3600 ? left / 3600 : left / 60,
	    left >= 3600 ? left / 60 % 60 : left % 60);
}

/* Empty if the total is not known or the name needs the room. */
static void
show_bar(char out[BAR + 1], unsigned int room, uint64_t done, uint64_t total)
{
	const size_t inner = BAR - 3;
	size_t full;

	out[0] = '\0';
	if (total == PROGRESS_UNKNOWN || total == 0 ||
	    room < NUMBERS + NAME_LEAST + BAR)
		return;
	full = done >= total ? inner :
	    (size_t)((double)done / (double)total * (double)inner);
	memcpy(out, " [", 2);
	memset(out + 2, '=', full);
	memset(out + 2 + full, ' ', inner - full);
	if (full < inner)
		out[2 + full] = '>';
	memcpy(out + 2 + inner, "]", 2);
}

void
progress_text(char out[PROGRESS_TEXT_SIZE], unsigned int room, uint64_t done,
    uint64_t total, double rate)
{
	char amount[SHOW_AMOUNT_SIZE], speed[SHOW_AMOUNT_SIZE];
	char bar[BAR + 1], share[32];

	show_bar(bar, room, done, total);
	show_amount(amount, done);
	show_amount(speed, rate > 0 ? (uint64_t)rate : 0);
	show_share(share, sizeof(share), done, total, rate);
	snprintf(out, PROGRESS_TEXT_SIZE, "%s %7s %7s/s %s", bar, amount,
	    speed, share);
}
