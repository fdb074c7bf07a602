/*
 * receipt - how an upload ends, of a file or of a folder that is sent as one:
 * with a receipt, or with a failure behind which it may still come to one.
 */
#ifndef RECEIPT_H
#define RECEIPT_H

#include <stdbool.h>
#include <stdint.h>

#include "status.h"
#include "upload_plan.h"

/*
 * The time, and the version of what is open as `fd`, go into the receipt; its
 * inode is told, by which the record is sealed.  `path` is for the failure.
 */
enum status receipt_stamp(struct upload_receipt *receipt, uint64_t *ino,
    int fd, const char *path);

/* May it still come to something after this failure to publish? */
bool receipt_may_come(enum status st);

#endif
