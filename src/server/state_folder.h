/*
 * state_folder - where the server process keeps what is its own.
 */
#ifndef STATE_FOLDER_H
#define STATE_FOLDER_H

#include "server_config.h"
#include "status.h"

/*
 * Make the folder for the account of the server if it is missing, and those
 * above it.
 */
enum status state_folder_make(const struct config *config);

#endif
