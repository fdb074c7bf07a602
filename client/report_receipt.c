/* SPDX-License-Identifier: ISC */
/* What the server has acknowledged. */
#include "config.h"

#include "report_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command_line.h"
#include "destination.h"
#include "paths.h"
#include "reply.h"
#include "revive.h"

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
		report_put_time(line, &receipt->time);
	json_line_flag(line, "durable", !receipt->is_async);
}

static void
keep_receipt(struct report *report, const char *text)
{
	if (report->receipts != NULL)
		report_note_trouble(report,
		    receipt_file_add(report->receipts, text));
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
		report_note_trouble(report, status_no_memory());
		return report->is_json;
	}
	keep_receipt(report, text);
	if (report->is_json)
		fputs(text, stdout);
	free(text);
	return report->is_json;
}
