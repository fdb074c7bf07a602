/*
 * state_file - where the client keeps what it remembers: the folder
 * $XDG_STATE_HOME/ftclient, or ~/.local/state/ftclient; and where it looks for
 * what it is told.
 */
#ifndef STATE_FILE_H
#define STATE_FILE_H

#include "status.h"

/* The home folder; NULL if there is none. */
const char *state_file_home(void);

/*
 * The path of the configuration, $XDG_CONFIG_HOME/ftclient/config or
 * ~/.config/ftclient/config, to be freed by the caller.  Makes nothing; NULL
 * if there is no home folder.
 */
enum status state_file_config(char **out);

/*
 * The path of a file there, to be freed by the caller.  Makes the folder,
 * closed to others, if it is missing.
 */
enum status state_file(char **out, const char *name);

/* Make the folders that lead to the file, closed to others. */
enum status state_file_folders(const char *path);

#endif
