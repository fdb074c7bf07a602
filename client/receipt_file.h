/*
 * receipt_file - where --receipts keeps what the server acknowledged: a line
 * each, added whole, and on disk once receipt_file_sync says so.
 */
#ifndef RECEIPT_FILE_H
#define RECEIPT_FILE_H

#include "status.h"

struct receipt_file;

/* Made with mode 0600 if there is none; what is in it already stays. */
enum status receipt_file_open(struct receipt_file **out, const char *path);
/* receipt_file_close(NULL) does nothing. */
void receipt_file_close(struct receipt_file *file);

/* Add a line, ended by its newline, in one piece; from any thread. */
enum status receipt_file_add(struct receipt_file *file, const char *line);

/* Put what was added on disk; cheap if there is nothing. */
enum status receipt_file_sync(struct receipt_file *file);

#endif
