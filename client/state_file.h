/*
 * state_file - where the client keeps what it remembers: the folder
 * $XDG_STATE_HOME/ftclient, or ~/.local/state/ftclient.
 */
#ifndef STATE_FILE_H
#define STATE_FILE_H

#include "status.h"

/*
 * The path of a file there, to be freed by the caller.  Makes the folder,
 * closed to others, if it is missing.
 */
enum status state_file(char **out, const char *name);

/* Make the folders that lead to the file, closed to others. */
enum status state_file_folders(const char *path);

#endif
