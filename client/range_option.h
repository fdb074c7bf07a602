/*
 * range_option - the option --range of get and cat: a part of a file.
 */
#ifndef RANGE_OPTION_H
#define RANGE_OPTION_H

#include "download.h"
#include "ftclient.h"
#include "status.h"
#include "verb.h"

/* Without it, none is given.  STATUS_USAGE for what makes no sense. */
enum status range_option_read(struct file_range *out,
    const struct arguments *arguments);

/*
 * Where it begins in the file of the server, if it is counted from the end: of
 * the version that the file has now.
 */
enum status range_option_place(struct file_range *range,
    struct client *client, const char *path);

#endif
