/*
 * size_text - sizes as people write them.
 */
#ifndef SIZE_TEXT_H
#define SIZE_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#define SIZE_TEXT_MOST ((uint64_t)1 << 62)

/*
 * A number, with K, M, G or T (times 1024) behind it or not: what stands behind
 * that, or NULL if there is none up to SIZE_TEXT_MOST.
 */
const char *size_text_read(uint64_t *out, const char *text);

/* The same where nothing stands behind it; false if not. */
bool size_text_parse(uint64_t *out, const char *text);

#endif
