/*
 * clock - time that only goes forward, for timeouts and durations.
 */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>

/* Milliseconds since some moment in the past; never jumps with the date. */
uint64_t clock_ms(void);

/* The same in microseconds. */
uint64_t clock_us(void);

#endif
