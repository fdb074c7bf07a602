/*
 * conditions - what a command asks of the state of things before it changes
 * them: --if-absent, --if-version, and --taken for a name that is taken.
 */
#ifndef CONDITIONS_H
#define CONDITIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "ft1.h"
#include "status.h"

struct arguments;

/* All zero: none. */
struct conditions {
	bool		 has_taken;
	uint8_t		 taken;		/* as TAKEN of FT/1 */
	bool		 if_absent;
	bool		 if_version;
	uint8_t		 version[FT1_ID_SIZE];
};

/* From the options; STATUS_USAGE for what makes no sense. */
enum status conditions_read(struct conditions *out,
    const struct arguments *arguments);

bool conditions_are_any(const struct conditions *conditions);

/* Would the same, asked once more, be answered by what it has done itself? */
bool conditions_mind_repetition(const struct conditions *conditions);

/* Their fields, which stand between MTIME and UPLOAD. */
void conditions_put(const struct conditions *conditions,
    struct ft1_frame *frame);

#endif
