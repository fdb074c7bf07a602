/*
 * file_time - a moment as files carry it: seconds since 1970, also before it,
 * and nanoseconds below 10^9.
 */
#ifndef FILE_TIME_H
#define FILE_TIME_H

#include <stdint.h>

struct file_time {
	int64_t		seconds;
	uint32_t	nanoseconds;
};

#endif
