/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "report_state.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "show.h"

enum status
report_new(struct report **out, bool is_json, const char *receipts)
{
	enum status st = STATUS_OK;

	if ((*out = calloc(1, sizeof(**out))) == NULL)
		return status_no_memory();
	(*out)->is_json = is_json;
	pthread_mutex_init(&(*out)->mutex, NULL);
	if (receipts != NULL)
		st = receipt_file_open(&(*out)->receipts, receipts);
	return st;
}

void
report_free(struct report *report)
{
	if (report == NULL)
		return;
	receipt_file_close(report->receipts);
	status_words_free(&report->words);
	pthread_mutex_destroy(&report->mutex);
	free(report);
}

bool
report_is_json(const struct report *report)
{
	return report != NULL && report->is_json;
}

void
report_command(struct report *report, const char *name)
{
	if (report == NULL)
		return;
	report->command = name;
	report->commands++;
}

void
report_batch(struct report *report, const char *name)
{
	if (report != NULL)
		report->batch = name;
}

uint64_t
report_line_now(const struct report *report)
{
	return report != NULL ? report->line : 0;
}

uint64_t
report_line(struct report *report, uint64_t line)
{
	uint64_t before = report_line_now(report);

	if (report != NULL)
		report->line = line;
	return before;
}

void
report_note_trouble(struct report *report, enum status st)
{
	pthread_mutex_lock(&report->mutex);
	status_words_first(&report->words, &report->trouble, st);
	pthread_mutex_unlock(&report->mutex);
}

enum status
report_settle(struct report *report)
{
	enum status st;

	if (report == NULL)
		return STATUS_OK;
	if (report->receipts != NULL)
		report_note_trouble(report,
		    receipt_file_sync(report->receipts));
	st = report->trouble;
	if (st != STATUS_OK)
		status_words_use(&report->words, st);
	report->trouble = STATUS_OK;
	return st;
}

/*
 * --- Objects ----------------------------------------------------------------
 */

bool
report_begin(const struct report *report, struct json_line *line,
    const char *type)
{
	if (!report_is_json(report))
		return false;
	json_line_begin(line, type);
	return true;
}

/* What standard output does not take is found when it is flushed. */
bool
report_finish(struct report *report, struct json_line *line)
{
	char *text = json_line_end(line);

	if (text == NULL)
		report_note_trouble(report, status_no_memory());
	else
		fputs(text, stdout);
	free(text);
	return true;
}

void
report_put_time(struct json_line *line, const struct file_time *time)
{
	json_line_signed(line, "time", time->seconds);
	json_line_number(line, "nanoseconds", time->nanoseconds);
}

/*
 * --- Failures ---------------------------------------------------------------
 */

static const char *
class_word(enum status st)
{
	switch (status_class(st)) {
	case CLASS_RETRY:
	case CLASS_BUSY:
	case CLASS_QUOTA:
		return "temporary";
	case CLASS_PERMANENT:
	case CLASS_AUTH:
		break;
	}
	return "permanent";
}

void
report_error(struct report *report, const char *name, enum status st)
{
	struct json_line line;

	show_error_at(report_line_now(report) > 0 ? report->batch : NULL,
	    report_line_now(report), name, st);
	if (report != NULL)
		report->failures++;
	if (!report_begin(report, &line, "error"))
		return;
	if (report->command != NULL)
		json_line_text(&line, "command", report->command);
	if (report->line > 0)
		json_line_number(&line, "line", report->line);
	if (name != NULL && name[0] != '\0')
		json_line_name(&line, "name", name);
	json_line_text(&line, "error", status_word(st));
	json_line_text(&line, "class", class_word(st));
	json_line_number(&line, "exit", (uint64_t)status_exit_code(st));
	json_line_name(&line, "text", status_text(st));
	report_finish(report, &line);
}

void
report_end(struct report *report, enum status st)
{
	struct json_line line;

	if (!report_begin(report, &line, "total"))
		return;
	json_line_number(&line, "commands", report->commands);
	json_line_number(&line, "files", report->files);
	json_line_number(&line, "bytes", report->bytes);
	json_line_number(&line, "failures", report->failures);
	json_line_number(&line, "exit", (uint64_t)status_exit_code(st));
	report_finish(report, &line);
}
