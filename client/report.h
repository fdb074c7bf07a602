/*
 * report - what commands tell in a form for programs: with --json an object a
 * line on standard output, and with --receipts a line for each receipt in a
 * file.  ftclient-json(5) tells its objects.
 *
 *	report_new, report_command, report_... ..., report_end
 *
 * What tells of a result returns true if that was told so; else the caller
 * shows it to people.  Of files that are fetched or sent several threads may
 * tell at once.  NULL stands for a report in neither form.  Trouble with
 * the output is kept, and returned by report_settle.
 */
#ifndef REPORT_H
#define REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "ft1.h"
#include "status.h"

struct reply;
struct report;
struct revive;
struct tally;

/* `receipts` is the name of a file, or NULL. */
enum status report_new(struct report **out, bool is_json,
    const char *receipts);
/* report_free(NULL) does nothing. */
void report_free(struct report *report);

/* Is nothing but objects to come to standard output? */
bool report_is_json(const struct report *report);

/* From here on it is this command that tells; the name is borrowed. */
void report_command(struct report *report, const char *name);

/*
 * From here on a line of this batch tells, by its number from 1; 0 for none.
 * The name is borrowed; "-" is standard input.  Both are told with failures.
 */
void report_batch(struct report *report, const char *name);
/* Returns the one before. */
uint64_t report_line(struct report *report, uint64_t line);
uint64_t report_line_now(const struct report *report);

/* All that was told is where it is to be: receipts on disk. */
enum status report_settle(struct report *report);

/* The last line, with the totals, and how all ends. */
void report_end(struct report *report, enum status st);

/*
 * --- Results ----------------------------------------------------------------
 */

/* `type` is "list", "find" or "stat". */
bool report_entry(struct report *report, const char *type,
    const struct ft1_entry *entry);

/* df, du, and sum by a method such as "sha256" */
bool report_room(struct report *report, const struct reply *reply);
bool report_usage(struct report *report, const struct reply *reply);
bool report_sum(struct report *report, const char *method,
    const struct reply *reply, const char *path);

bool report_lock(struct report *report, const struct ft1_held *held);

struct report_upload {
	const uint8_t	*id;
	const char	*path;		/* not ended by NUL */
	size_t		 path_len;
	bool		 is_folder;
	bool		 has_size;
	uint64_t	 size, held;
	int64_t		 seconds;	/* of the last bytes that came */
};
bool report_upload(struct report *report, const struct report_upload *upload);

/* "pwd" or "lpwd" */
bool report_folder(struct report *report, const char *type,
    const char *path);

/* A file was fetched, and is whole; `offset` is that of a range, or NULL. */
void report_fetched(struct report *report, const char *path,
    const char *local, uint64_t size, const uint64_t *offset);

/* All of a folder was sent or fetched, or what could be. */
bool report_tally(struct report *report, const struct tally *tally,
    const char *path);
bool report_skip(struct report *report, const char *name, const char *why);

/* Something that is done, or would be by a command that only tells. */
struct report_step {
	const char	*action;	/* make, get, put, link, set or
					 * remove */
	const char	*path;
	bool		 is_done;
	bool		 has_size;
	uint64_t	 size;
};
bool report_step(struct report *report, const struct report_step *step);

bool report_login(struct report *report, int64_t until);
bool report_logout(struct report *report, unsigned int count);

/*
 * --- Receipts ---------------------------------------------------------------
 */

/* What the server has acknowledged; `has` says of what a reply tells. */
struct receipt {
	unsigned int	 has;		/* of enum reply_field */
	uint64_t	 size;		/* of the file, as it is now */
	uint8_t		 version[FT1_ID_SIZE];
	uint8_t		 digest[FT1_ID_SIZE];	/* of what was sent */
	uint8_t		 id[FT1_ID_SIZE];
	struct file_time time;
	bool		 is_async;
	bool		 is_folder;	/* sent as one ... */
	uint64_t	 files;		/* ... with so many files in it */
};

/* With the fields of an OK, of one file. */
void receipt_read(struct receipt *receipt, const struct reply *reply);

/* `sent` is how many bytes the file was given. */
bool report_receipt(const struct revive *session, const char *path,
    uint64_t sent, const struct receipt *receipt);

/*
 * --- Failures ---------------------------------------------------------------
 */

/* On standard error for people (see show_error), and in the report. */
void report_error(struct report *report, const char *name, enum status st);

#endif
