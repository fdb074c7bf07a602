/*
 * show - what people see: names and texts of strangers escaped, entries of
 * folders in columns, errors in one line.
 */
#ifndef SHOW_H
#define SHOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "ft1.h"
#include "status.h"

/* The hour whose broken-down time was worked out last.  Begin with { 0 }. */
struct show_clock {
	bool		known;
	int64_t		begin;		/* seconds; a quarter of an hour */
	struct tm	tm;		/* local time at `begin` */
};

/* Write bytes so that they cannot steer a terminal, however many. */
void show_bytes(FILE *file, const void *bytes, size_t len);
void show_string(FILE *file, const char *string);

/* Columns that the same bytes take on a terminal. */
size_t show_width(const void *bytes, size_t len);

/* "2025-11-24 23:10:59", or "?" if it is beyond any calendar. */
#define SHOW_TIME_SIZE 32
void show_time(char out[SHOW_TIME_SIZE], struct show_clock *clock,
    int64_t seconds);

/* "drwxr-x---" */
#define SHOW_MODE_SIZE 11
void show_mode(char out[SHOW_MODE_SIZE], char type, unsigned int mode);

/*
 * One line without its end: type, size, time and a blank in front of a name;
 * with `is_long`, type and mode stand in front as ls -l has them.
 */
void show_facts(FILE *file, struct show_clock *clock,
    const struct ft1_entry *entry, bool is_long);

/* "1.5M" of 1,572,864 bytes. */
#define SHOW_AMOUNT_SIZE 16
void show_amount(char out[SHOW_AMOUNT_SIZE], uint64_t bytes);

/*
 * Around a line on standard error that is written in pieces: no other thread
 * writes into it.
 */
void show_begin_line(void);
void show_end_line(void);

/*
 * "ftclient: NAME: text (code-word)" on standard error.  The name is left out
 * if it is NULL or the text begins with it.
 */
void show_error(const char *name, enum status st);

/* The same for a line of a batch: FILE:LINE, or "line LINE" if that is "-". */
void show_error_at(const char *batch, uint64_t line, const char *name,
    enum status st);

#endif
