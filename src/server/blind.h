/*
 * blind - who may put files somewhere and may not see what is there: what they
 * put must not tell them of it.
 */
#ifndef BLIND_H
#define BLIND_H

#include <stdbool.h>

#include "caller.h"
#include "status.h"
#include "upload_plan.h"

/* What is to be done with a taken name, by the rights of the caller. */
enum upload_taken blind_taken(const struct caller *caller,
    enum upload_taken asked);

/*
 * STATUS_NOT_PERMITTED for what would tell a blind user whether the name at
 * the clean path is taken (the request has a condition on it), or which folders
 * there are.
 */
enum status blind_check(const struct caller *caller, const char *path,
    bool has_condition);

#endif
