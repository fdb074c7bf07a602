/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "board.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "escape.h"
#include "screen.h"
#include "show.h"

#define FIRST_MS	1000u	/* that something takes before it is shown */
#define EVERY_MS	200u
#define PLAIN_MS	5000u	/* between lines for a log */
#define AWAY_MS		20u	/* that a message may take */
#define NAME_ROOM	1024u	/* bytes of an escaped name */
#define TOTAL_ROOM	64u

struct board {
	bool		 is_plain;	/* for a log */
	_Atomic uint64_t next;		/* clock_ms of the next drawing */

	pthread_mutex_t	 mutex;		/* guards what follows */
	struct progress	*first;		/* borrowed */
	unsigned int	 drawn;		/* lines below the cursor */
	bool		 has_total;
	uint64_t	 begun;		/* clock_ms, of the total */
	uint64_t	 files, bytes;	/* of it, or PROGRESS_UNKNOWN */
	uint64_t	 files_done, bytes_done;
	uint64_t	 held;		/* bytes that are done, not counted */
	uint64_t	 brought;	/* bytes, by an earlier run */
	uint64_t	 most;		/* bytes that were shown */
	struct progress_pace pace;
};

enum status
board_new(struct board **out, const struct command_line *settings)
{
	bool is_plain = settings->progress == PROGRESS_PLAIN;
	struct board *board;

	*out = NULL;
	if (settings->quiet || settings->progress == PROGRESS_NONE ||
	    (!is_plain && !isatty(STDERR_FILENO)))
		return STATUS_OK;
	if ((board = calloc(1, sizeof(*board))) == NULL)
		return status_no_memory();
	board->is_plain = is_plain;
	pthread_mutex_init(&board->mutex, NULL);
	*out = board;
	return STATUS_OK;
}

void
board_free(struct board *board)
{
	if (board == NULL)
		return;
	pthread_mutex_destroy(&board->mutex);
	free(board);
}

/*
 * --- One line ---------------------------------------------------------------
 */

/* What is told of something, in `columns` of a terminal, or at any length. */
static void
print_line(FILE *file, const char *name, const char *figures, size_t columns)
{
	char text[NAME_ROOM];
	size_t len = strlen(figures);

	if (columns == 0) {
		fputs("ftclient: ", file);
		show_string(file, name);
		fputs(figures, file);
		return;
	}
	escape_string(text, sizeof(text), name);
	screen_print(file, text, columns > len ? columns - len : 0);
	fprintf(file, "%.*s", (int)(len > columns ? columns : len), figures);
}

/* What an earlier run has brought has no pace. */
static void
look(struct progress_pace *pace, uint64_t now, uint64_t done,
    uint64_t brought)
{
	progress_pace_look(pace, now, done > brought ? done - brought : 0);
}

static void
print_transfer(FILE *file, struct progress *progress, uint64_t now,
    unsigned int columns)
{
	char figures[PROGRESS_TEXT_SIZE];
	uint64_t done = atomic_load(&progress->done);

	look(&progress->pace, now, done, atomic_load(&progress->brought));
	progress_text(figures, columns, done, progress->total,
	    progress->pace.rate);
	print_line(file, progress->name, figures, columns);
}

static void
print_total(FILE *file, struct board *board, uint64_t now,
    unsigned int columns)
{
	char name[TOTAL_ROOM], figures[PROGRESS_TEXT_SIZE];
	const struct progress *progress;
	uint64_t done = board->bytes_done + board->held;
	uint64_t brought = board->brought;

	for (progress = board->first; progress != NULL;
	    progress = progress->next) {
		done += atomic_load(&progress->done);
		brought += atomic_load(&progress->brought);
	}
	if (done > board->bytes)
		done = board->bytes;
	/* What is moved once more is not shown as a way back. */
	if (done < board->most)
		done = board->most;
	board->most = done;
	look(&board->pace, now, done, brought);
	progress_text(figures, columns, done, board->bytes, board->pace.rate);
	if (board->files == PROGRESS_UNKNOWN)
		snprintf(name, sizeof(name), "%" PRIu64 " files",
		    board->files_done);
	else
		snprintf(name, sizeof(name), "%" PRIu64 "/%" PRIu64 " files",
		    board->files_done, board->files);
	print_line(file, name, figures, columns);
}

/*
 * --- All of them ------------------------------------------------------------
 */

/* With the mutex, as all below. */
static void
wipe(struct board *board)
{
	if (board->drawn > 0) {
		fputs("\r\033[J", stderr);
		fflush(stderr);
	}
	board->drawn = 0;
}

/* A terminal gets no newline behind the last one, which might scroll it. */
static void
begin_line(const struct board *board, FILE *file)
{
	if (!board->is_plain && board->drawn > 0)
		fputs("\r\n", file);
}

static void
end_line(struct board *board, FILE *file)
{
	fputs(board->is_plain ? "\n" : "\033[K", file);
	board->drawn++;
}

static void
print_all(FILE *file, struct board *board, uint64_t now)
{
	unsigned int columns = board->is_plain ? 0 :
	    screen_columns(STDERR_FILENO) - 1;
	unsigned int most = board->is_plain ? UINT32_MAX :
	    screen_lines(STDERR_FILENO) - 2;
	struct progress *progress;

	for (progress = board->first; progress != NULL;
	    progress = progress->next) {
		if (now - progress->begun < FIRST_MS || board->drawn >= most)
			continue;
		begin_line(board, file);
		print_transfer(file, progress, now, columns);
		end_line(board, file);
	}
	if (board->has_total && now - board->begun >= FIRST_MS) {
		begin_line(board, file);
		print_total(file, board, now, columns);
		end_line(board, file);
	}
	if (board->is_plain)
		board->drawn = 0;
	else if (board->drawn > 1)
		fprintf(file, "\033[%uA", board->drawn - 1);
	if (board->drawn > 0)
		fputc('\r', file);
}

/* In one piece, so that nobody sees half of it. */
static void
draw(struct board *board, uint64_t now)
{
	char *text = NULL;
	size_t len = 0;
	FILE *file = open_memstream(&text, &len);

	if (file == NULL)
		return;
	if (board->drawn > 0)
		fputs("\r\033[J", file);
	board->drawn = 0;
	print_all(file, board, now);
	if (fclose(file) == 0 && len > 0) {
		fwrite(text, 1, len, stderr);
		fflush(stderr);
	}
	free(text);
}

void
board_draw(struct board *board)
{
	uint64_t now;

	if (board == NULL)
		return;
	now = clock_ms();
	if (now < atomic_load(&board->next))
		return;
	pthread_mutex_lock(&board->mutex);
	/* Somebody else may have been quicker. */
	if (now >= atomic_load(&board->next)) {
		atomic_store(&board->next, now +
		    (board->is_plain ? PLAIN_MS : EVERY_MS));
		draw(board, now);
	}
	pthread_mutex_unlock(&board->mutex);
}

void
board_hide(struct board *board)
{
	if (board == NULL)
		return;
	pthread_mutex_lock(&board->mutex);
	wipe(board);
	/* Other threads leave the caller the time to print it. */
	if (atomic_load(&board->next) < clock_ms() + AWAY_MS)
		atomic_store(&board->next, clock_ms() + AWAY_MS);
	pthread_mutex_unlock(&board->mutex);
}

/* The first line for a log comes when it would on a terminal. */
static void
begin(struct board *board)
{
	if (board->first == NULL && !board->has_total)
		atomic_store(&board->next, clock_ms() + FIRST_MS);
}

void
board_add(struct board *board, struct progress *progress)
{
	struct progress **at;

	if (board == NULL)
		return;
	pthread_mutex_lock(&board->mutex);
	begin(board);
	for (at = &board->first; *at != NULL; at = &(*at)->next)
		;
	progress->next = NULL;
	*at = progress;
	pthread_mutex_unlock(&board->mutex);
}

void
board_remove(struct board *board, struct progress *progress)
{
	struct progress **at;

	if (board == NULL)
		return;
	pthread_mutex_lock(&board->mutex);
	for (at = &board->first; *at != NULL && *at != progress;
	    at = &(*at)->next)
		;
	if (*at != NULL)
		*at = progress->next;
	/* One that is broken off brings all of it once more, if at all. */
	if (atomic_load(&progress->done) >= progress->total)
		board->brought += atomic_load(&progress->brought);
	if (!board->has_total)
		wipe(board);
	pthread_mutex_unlock(&board->mutex);
}

void
board_begin_total(struct board *board, uint64_t files, uint64_t bytes)
{
	if (board == NULL)
		return;
	pthread_mutex_lock(&board->mutex);
	begin(board);
	board->has_total = true;
	board->begun = clock_ms();
	board->files = files;
	board->bytes = bytes;
	board->files_done = board->bytes_done = 0;
	board->brought = board->most = 0;
	board->pace = (struct progress_pace){ .at = board->begun };
	pthread_mutex_unlock(&board->mutex);
}

void
board_expect(struct board *board, uint64_t files, uint64_t bytes)
{
	if (board == NULL)
		return;
	pthread_mutex_lock(&board->mutex);
	/* Less than what is done already, if files have gone meanwhile. */
	board->files = files > board->files_done ? files : board->files_done;
	board->bytes = bytes;
	if (board->most > bytes)
		board->most = bytes;
	pthread_mutex_unlock(&board->mutex);
}

void
board_count(struct board *board, uint64_t files, uint64_t bytes)
{
	if (board == NULL)
		return;
	pthread_mutex_lock(&board->mutex);
	board->files_done += files;
	board->bytes_done += bytes;
	pthread_mutex_unlock(&board->mutex);
	board_draw(board);
}

void
board_hold(struct board *board, int64_t bytes)
{
	if (board == NULL)
		return;
	pthread_mutex_lock(&board->mutex);
	board->held += (uint64_t)bytes;
	pthread_mutex_unlock(&board->mutex);
}

void
board_end_total(struct board *board)
{
	if (board == NULL)
		return;
	pthread_mutex_lock(&board->mutex);
	board->has_total = false;
	wipe(board);
	pthread_mutex_unlock(&board->mutex);
}
