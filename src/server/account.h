/*
 * account - whom the server process becomes, and whether that one reaches what
 * it has to.
 */
#ifndef ACCOUNT_H
#define ACCOUNT_H

#include "server_config.h"
#include "status.h"

/*
 * STATUS_CONFIG if the account of the configuration cannot be become: there is
 * none of that name, or the process may not.
 */
enum status account_check(const struct config *config);

/* Become the account if root asks for it.  There is no way back. */
enum status account_become(const struct config *config);

/*
 * STATUS_CONFIG, with what to do about it, if the account may not read the
 * user file or not use a base.  Asks a child that has become the account, so
 * groups and access lists count as they do in earnest; changes nothing.
 */
enum status account_reaches(const struct config *config, const char *file);

#endif
