/*
 * fresh_name - another name beside one that is taken.
 */
#ifndef FRESH_NAME_H
#define FRESH_NAME_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "stage.h"
#include "status.h"

#define FRESH_NAMES	4	/* different ones for one id */

/*
 * NAME-XXXXXXXX, with eight hexadecimal digits out of the stage's id; the
 * name is cut where that would be too long.
 */
void fresh_name(char out[NAME_MAX + 1], const char *name,
    const uint8_t id[STAGE_ID_SIZE], unsigned int number);

/* Did publishing fail as the name is taken, or somebody works on it? */
bool fresh_name_helps(enum status st);

#endif
