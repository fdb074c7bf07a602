/*
 * ticket_file - the file of ticket keys: made when it is missing, rotated when
 * its newest key is old, by the monitor alone.
 */
#ifndef TICKET_FILE_H
#define TICKET_FILE_H

#include <stdbool.h>

#include "status.h"

/*
 * True if the newest key is older than `lifetime` seconds (0: never), by the
 * time of the file.  A time in the future is no age to rely on, so true too.
 */
bool ticket_file_is_due(const char *path, unsigned int lifetime);

/*
 * Make the file if it is missing, rotate it if it is due, and replace nothing
 * else.  Nobody ever sees half a file.  The text names the path.
 */
enum status ticket_file_prepare(const char *path, unsigned int lifetime);

#endif
