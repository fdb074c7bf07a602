/*
 * time_text - moments as people write them.
 */
#ifndef TIME_TEXT_H
#define TIME_TEXT_H

#include <stdint.h>

#include "file_time.h"
#include "status.h"

/*
 * "2025-11-24", "2025-11-24 23:10:59" (a T may stand between), "@SECONDS", or
 * an age before `now` in seconds: "90s", "30m", "12h", "7d" or "2w".
 */
enum status time_text_parse(struct file_time *out, const char *word,
    int64_t now);

#endif
