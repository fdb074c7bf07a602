/*
 * address_count - how many connections each address has; only the listener
 * uses it.  An address is what login_origin() makes of it.
 */
#ifndef ADDRESS_COUNT_H
#define ADDRESS_COUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct address_count;

/* For about `expected` connections at a time; NULL without memory. */
struct address_count *address_count_new(size_t expected);
void address_count_free(struct address_count *counts);

size_t address_count_of(const struct address_count *counts,
    const uint8_t origin[16]);

/* One more; false if there is no memory. */
bool address_count_enter(struct address_count *counts,
    const uint8_t origin[16]);

/* One less. */
void address_count_leave(struct address_count *counts,
    const uint8_t origin[16]);

#endif
