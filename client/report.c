/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "report.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command_line.h"
#include "destination.h"
#include "json_line.h"
#include "paths.h"
#include "receipt_file.h"
#include "reply.h"
#include "revive.h"
#include "show.h"
#include "tally.h"

struct report {
	bool		 is_json;
	struct receipt_file *receipts;	/* owned, or NULL */
	const char	*command;	/* borrowed, or NULL */
	uint64_t	 commands, failures;
	_Atomic uint64_t files, bytes;

	pthread_mutex_t	 mutex;		/* guards what follows */
	enum status	 trouble;	/* with the output, once there was */
	struct status_words words;	/* for that */
};

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

/* The first trouble is the one that counts. */
static void
note_trouble(struct report *report, enum status st)
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
		note_trouble(report, receipt_file_sync(report->receipts));
	st = report->trouble;
	if (st != STATUS_OK)
		status_words_use(&report->words, st);
	report->trouble = STATUS_OK;
	return st;
}

/*
 * --- Objects ----------------------------------------------------------------
 */

/* False if nothing is to be told in objects. */
static bool
begin(const struct report *report, struct json_line *line, const char *type)
{
	if (!report_is_json(report))
		return false;
	json_line_begin(line, type);
	return true;
}

/* What standard output does not take is found when it is flushed. */
static bool
end(struct report *report, struct json_line *line)
{
	char *text = json_line_end(line);

	if (text == NULL)
		note_trouble(report, status_no_memory());
	else
		fputs(text, stdout);
	free(text);
	return true;
}

static void
put_time(struct json_line *line, const struct file_time *time)
{
	json_line_signed(line, "time", time->seconds);
	json_line_number(line, "nanoseconds", time->nanoseconds);
}

static const char *
kind_word(char type)
{
	switch (type) {
	case 'f':	return "file";
	case 'd':	return "folder";
	case 'l':	return "symlink";
	}
	return "other";
}

bool
report_entry(struct report *report, const char *type,
    const struct ft1_entry *entry)
{
	struct json_line line;
	char mode[8];

	if (!begin(report, &line, type))
		return false;
	snprintf(mode, sizeof(mode), "%04o", entry->mode);
	json_line_bytes(&line, strcmp(type, "find") == 0 ? "path" : "name",
	    entry->name, entry->name_len);
	json_line_text(&line, "kind", kind_word(entry->type));
	json_line_number(&line, "size", entry->size);
	json_line_text(&line, "mode", mode);
	put_time(&line, &entry->mtime);
	json_line_hex(&line, "version", entry->version, FT1_ID_SIZE);
	if (entry->mime_len > 0)
		json_line_bytes(&line, "mime", entry->mime, entry->mime_len);
	return end(report, &line);
}

bool
report_room(struct report *report, const struct reply *reply)
{
	struct json_line line;

	if (!begin(report, &line, "df"))
		return false;
	json_line_number(&line, "size", reply->size);
	json_line_number(&line, "free", reply->free);
	if ((reply->has & REPLY_DURABILITY) != 0)
		json_line_text(&line, "durability",
		    reply->durability == 0 ? "commit" : "async");
	if ((reply->has & REPLY_QUOTA_BYTES) != 0) {
		json_line_number(&line, "quota_bytes", reply->quota_bytes);
		json_line_number(&line, "quota_bytes_used",
		    reply->quota_used);
	}
	if ((reply->has & REPLY_QUOTA_FILES) != 0) {
		json_line_number(&line, "quota_files", reply->quota_files);
		json_line_number(&line, "quota_files_used",
		    reply->quota_files_used);
	}
	return end(report, &line);
}

bool
report_usage(struct report *report, const struct reply *reply)
{
	struct json_line line;

	if (!begin(report, &line, "du"))
		return false;
	json_line_number(&line, "bytes", reply->size);
	json_line_number(&line, "files", reply->count);
	return end(report, &line);
}

bool
report_sum(struct report *report, const char *method,
    const struct reply *reply, const char *path)
{
	struct json_line line;

	if (!begin(report, &line, "sum"))
		return false;
	json_line_name(&line, "path", path);
	json_line_text(&line, "method", method);
	json_line_hex(&line, "sum", reply->sum.at, reply->sum.len);
	return end(report, &line);
}

bool
report_lock(struct report *report, const struct ft1_held *held)
{
	struct json_line line;

	if (!begin(report, &line, "lock"))
		return false;
	if (held->path_len > 0)
		json_line_bytes(&line, "path", held->path, held->path_len);
	json_line_flag(&line, "exclusive", held->exclusive);
	json_line_number(&line, "offset", held->offset);
	if (held->length > 0)
		json_line_number(&line, "length", held->length);
	json_line_bytes(&line, "user", held->user, held->user_len);
	json_line_number(&line, "session", held->session);
	json_line_flag(&line, "own", held->own);
	return end(report, &line);
}

bool
report_upload(struct report *report, const struct report_upload *upload)
{
	struct json_line line;

	if (!begin(report, &line, "upload"))
		return false;
	json_line_hex(&line, "id", upload->id, FT1_ID_SIZE);
	json_line_bytes(&line, "path", upload->path, upload->path_len);
	json_line_text(&line, "kind", upload->is_folder ? "folder" : "file");
	if (upload->has_size)
		json_line_number(&line, "size", upload->size);
	json_line_number(&line, "held", upload->held);
	json_line_signed(&line, "time", upload->seconds);
	return end(report, &line);
}

bool
report_folder(struct report *report, const char *type, const char *path)
{
	struct json_line line;

	if (!begin(report, &line, type))
		return false;
	json_line_name(&line, "path", path);
	return end(report, &line);
}

void
report_fetched(struct report *report, const char *path, const char *local,
    uint64_t size, const uint64_t *offset)
{
	struct json_line line;

	if (report != NULL) {
		report->files++;
		report->bytes += size;
	}
	if (!begin(report, &line, "get"))
		return;
	json_line_name(&line, "path", path);
	json_line_name(&line, "local", local);
	if (offset != NULL)
		json_line_number(&line, "offset", *offset);
	json_line_number(&line, "size", size);
	end(report, &line);
}

bool
report_tally(struct report *report, const struct tally *tally,
    const char *path)
{
	struct json_line line;

	if (!begin(report, &line, "tree"))
		return false;
	json_line_text(&line, "command", report->command);
	json_line_name(&line, "path", path);
	json_line_number(&line, "files", tally->files);
	json_line_number(&line, "folders", tally->folders);
	json_line_number(&line, "bytes", tally->bytes);
	json_line_number(&line, "links", tally->links);
	json_line_number(&line, "removed", tally->removed);
	json_line_number(&line, "failures", tally->failures);
	return end(report, &line);
}

bool
report_skip(struct report *report, const char *name, const char *why)
{
	struct json_line line;

	if (!begin(report, &line, "skip"))
		return false;
	json_line_name(&line, "name", name);
	json_line_text(&line, "text", why);
	return end(report, &line);
}

bool
report_step(struct report *report, const struct report_step *step)
{
	struct json_line line;

	if (!begin(report, &line, "step"))
		return false;
	json_line_text(&line, "action", step->action);
	json_line_name(&line, "path", step->path);
	if (step->has_size)
		json_line_number(&line, "size", step->size);
	json_line_flag(&line, "done", step->is_done);
	return end(report, &line);
}

bool
report_login(struct report *report, int64_t until)
{
	struct json_line line;

	if (!begin(report, &line, "login"))
		return false;
	json_line_signed(&line, "until", until);
	return end(report, &line);
}

bool
report_logout(struct report *report, unsigned int count)
{
	struct json_line line;

	if (!begin(report, &line, "logout"))
		return false;
	json_line_number(&line, "logins", count);
	return end(report, &line);
}

/*
 * --- Receipts ---------------------------------------------------------------
 */

void
receipt_read(struct receipt *receipt, const struct reply *reply)
{
	memset(receipt, 0, sizeof(*receipt));
	receipt->has = reply->has;
	receipt->files = 1;
	receipt->size = reply->size;
	receipt->time = reply->time;
	receipt->is_async = (reply->has & REPLY_DURABILITY) != 0 &&
	    reply->durability != 0;
	memcpy(receipt->version, reply->version_now, FT1_ID_SIZE);
	memcpy(receipt->digest, reply->digest, FT1_ID_SIZE);
	memcpy(receipt->id, reply->upload, FT1_ID_SIZE);
}

/* Lines of many runs stand in one file: each names the place in full. */
static void
put_place(struct json_line *line, const struct revive *session,
    const char *path)
{
	const char *folder = *session->folder != NULL ? *session->folder : "/";
	char server[DESTINATION_NAME_SIZE], *whole = NULL;

	destination_name(server, session->target);
	json_line_name(line, "server", server);
	json_line_name(line, "user", session->target->user);
	if (path[0] != '/')
		whole = path_join(folder, path);
	json_line_name(line, "path", whole != NULL ? whole : path);
	free(whole);
}

static void
put_receipt(struct json_line *line, const struct receipt *receipt,
    uint64_t sent)
{
	json_line_text(line, "kind", receipt->is_folder ? "folder" : "file");
	if (receipt->is_folder)
		json_line_number(line, "files", receipt->files);
	json_line_number(line, "sent", sent);
	json_line_number(line, "size", receipt->size);
	json_line_hex(line, "version", receipt->version, FT1_ID_SIZE);
	if ((receipt->has & REPLY_DIGEST) != 0)
		json_line_hex(line, "digest", receipt->digest, FT1_ID_SIZE);
	if ((receipt->has & REPLY_UPLOAD) != 0)
		json_line_hex(line, "id", receipt->id, FT1_ID_SIZE);
	if ((receipt->has & REPLY_TIME) != 0)
		put_time(line, &receipt->time);
	json_line_flag(line, "durable", !receipt->is_async);
}

static void
keep_receipt(struct report *report, const char *text)
{
	if (report->receipts != NULL)
		note_trouble(report, receipt_file_add(report->receipts, text));
}

bool
report_receipt(const struct revive *session, const char *path, uint64_t sent,
    const struct receipt *receipt)
{
	struct report *report = session->settings->report;
	struct json_line line;
	char *text;

	if (report == NULL)
		return false;
	report->files += receipt->files;
	report->bytes += sent;
	if (!report->is_json && report->receipts == NULL)
		return false;
	json_line_begin(&line, "receipt");
	json_line_text(&line, "command",
	    report->command != NULL ? report->command : "put");
	put_place(&line, session, path);
	put_receipt(&line, receipt, sent);
	if ((text = json_line_end(&line)) == NULL) {
		note_trouble(report, status_no_memory());
		return report->is_json;
	}
	keep_receipt(report, text);
	if (report->is_json)
		fputs(text, stdout);
	free(text);
	return report->is_json;
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

	show_error(name, st);
	if (report != NULL)
		report->failures++;
	if (!begin(report, &line, "error"))
		return;
	if (report->command != NULL)
		json_line_text(&line, "command", report->command);
	if (name != NULL && name[0] != '\0')
		json_line_name(&line, "name", name);
	json_line_text(&line, "error", status_word(st));
	json_line_text(&line, "class", class_word(st));
	json_line_number(&line, "exit", (uint64_t)status_exit_code(st));
	json_line_name(&line, "text", status_text(st));
	end(report, &line);
}

void
report_end(struct report *report, enum status st)
{
	struct json_line line;

	if (!begin(report, &line, "total"))
		return;
	json_line_number(&line, "commands", report->commands);
	json_line_number(&line, "files", report->files);
	json_line_number(&line, "bytes", report->bytes);
	json_line_number(&line, "failures", report->failures);
	json_line_number(&line, "exit", (uint64_t)status_exit_code(st));
	end(report, &line);
}
