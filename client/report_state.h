/*
 * report_state - what a report is made of, for the files that tell of things:
 * report.c, how it begins and ends, and failures, report_results.c, and
 * report_receipt.c.
 */
#ifndef REPORT_STATE_H
#define REPORT_STATE_H

#include <pthread.h>

#include "json_line.h"
#include "receipt_file.h"
#include "report.h"

struct report {
	bool		 is_json;
	struct receipt_file *receipts;	/* owned, or NULL */
	const char	*command;	/* borrowed, or NULL */
	const char	*batch;		/* borrowed, or NULL */
	uint64_t	 line;		/* of that, or 0 */
	uint64_t	 commands, failures;
	_Atomic uint64_t files, bytes;

	pthread_mutex_t	 mutex;		/* guards what follows */
	enum status	 trouble;	/* with the output, once there was */
	struct status_words words;	/* for that */
};

/* The first trouble with the output is the one that counts. */
void report_note_trouble(struct report *report, enum status st);

/* Begin an object; false if nothing is to be told in objects. */
bool report_begin(const struct report *report, struct json_line *line,
    const char *type);

/* Tell it; returns true. */
bool report_finish(struct report *report, struct json_line *line);

void report_put_time(struct json_line *line, const struct file_time *time);

#endif
