/* SPDX-License-Identifier: ISC */
/* The objects of results. */
#include "config.h"

#include "report_state.h"

#include <stdio.h>
#include <string.h>

#include "reply.h"
#include "tally.h"

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

	if (!report_begin(report, &line, type))
		return false;
	snprintf(mode, sizeof(mode), "%04o", entry->mode);
	json_line_bytes(&line, strcmp(type, "find") == 0 ? "path" : "name",
	    entry->name, entry->name_len);
	json_line_text(&line, "kind", kind_word(entry->type));
	json_line_number(&line, "size", entry->size);
	json_line_text(&line, "mode", mode);
	report_put_time(&line, &entry->mtime);
	json_line_hex(&line, "version", entry->version, FT1_ID_SIZE);
	if (entry->mime_len > 0)
		json_line_bytes(&line, "mime", entry->mime, entry->mime_len);
	return report_finish(report, &line);
}

bool
report_room(struct report *report, const struct reply *reply)
{
	struct json_line line;

	if (!report_begin(report, &line, "df"))
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
	return report_finish(report, &line);
}

bool
report_usage(struct report *report, const struct reply *reply)
{
	struct json_line line;

	if (!report_begin(report, &line, "du"))
		return false;
	json_line_number(&line, "bytes", reply->size);
	json_line_number(&line, "files", reply->count);
	return report_finish(report, &line);
}

bool
report_sum(struct report *report, const char *method,
    const struct reply *reply, const char *path)
{
	struct json_line line;

	if (!report_begin(report, &line, "sum"))
		return false;
	json_line_name(&line, "path", path);
	json_line_text(&line, "method", method);
	json_line_hex(&line, "sum", reply->sum.at, reply->sum.len);
	return report_finish(report, &line);
}

bool
report_lock(struct report *report, const struct ft1_held *held)
{
	struct json_line line;

	if (!report_begin(report, &line, "lock"))
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
	return report_finish(report, &line);
}

bool
report_upload(struct report *report, const struct report_upload *upload)
{
	struct json_line line;

	if (!report_begin(report, &line, "upload"))
		return false;
	json_line_hex(&line, "id", upload->id, FT1_ID_SIZE);
	json_line_bytes(&line, "path", upload->path, upload->path_len);
	json_line_text(&line, "kind", upload->is_folder ? "folder" : "file");
	if (upload->has_size)
		json_line_number(&line, "size", upload->size);
	json_line_number(&line, "held", upload->held);
	json_line_signed(&line, "time", upload->seconds);
	return report_finish(report, &line);
}

bool
report_folder(struct report *report, const char *type, const char *path)
{
	struct json_line line;

	if (!report_begin(report, &line, type))
		return false;
	json_line_name(&line, "path", path);
	return report_finish(report, &line);
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
	if (!report_begin(report, &line, "get"))
		return;
	json_line_name(&line, "path", path);
	json_line_name(&line, "local", local);
	if (offset != NULL)
		json_line_number(&line, "offset", *offset);
	json_line_number(&line, "size", size);
	report_finish(report, &line);
}

bool
report_tally(struct report *report, const struct tally *tally,
    const char *path)
{
	struct json_line line;

	if (!report_begin(report, &line, "tree"))
		return false;
	json_line_text(&line, "command", report->command);
	json_line_name(&line, "path", path);
	json_line_number(&line, "files", tally->files);
	json_line_number(&line, "folders", tally->folders);
	json_line_number(&line, "bytes", tally->bytes);
	json_line_number(&line, "links", tally->links);
	json_line_number(&line, "removed", tally->removed);
	json_line_number(&line, "failures", tally->failures);
	return report_finish(report, &line);
}

bool
report_skip(struct report *report, const char *name, const char *why)
{
	struct json_line line;

	if (!report_begin(report, &line, "skip"))
		return false;
	json_line_name(&line, "name", name);
	json_line_text(&line, "text", why);
	return report_finish(report, &line);
}

bool
report_step(struct report *report, const struct report_step *step)
{
	struct json_line line;

	if (!report_begin(report, &line, "step"))
		return false;
	json_line_text(&line, "action", step->action);
	json_line_name(&line, "path", step->path);
	if (step->has_size)
		json_line_number(&line, "size", step->size);
	json_line_flag(&line, "done", step->is_done);
	return report_finish(report, &line);
}

bool
report_login(struct report *report, int64_t until)
{
	struct json_line line;

	if (!report_begin(report, &line, "login"))
		return false;
	json_line_signed(&line, "until", until);
	return report_finish(report, &line);
}

bool
report_logout(struct report *report, unsigned int count)
{
	struct json_line line;

	if (!report_begin(report, &line, "logout"))
		return false;
	json_line_number(&line, "logins", count);
	return report_finish(report, &line);
}
