/*
 * touch - the time and the permission bits of a file or folder, and the file
 * itself if it is missing.
 */
#ifndef TOUCH_H
#define TOUCH_H

#include <stdbool.h>
#include <stdint.h>

#include "file_time.h"
#include "names.h"
#include "status.h"
#include "version.h"
#include "walk.h"

struct touch_plan {
	bool		 has_time;	/* else: now, unless there is a mode */
	struct file_time time;
	bool		 has_mode;
	uint32_t	 mode;		/* permission bits */
	bool		 may_make;	/* a file that is missing */
	bool		 may_change;	/* one that is there */
	bool		 if_absent;
	bool		 if_version;
	uint8_t		 version[VERSION_SIZE];
};

/*
 * Set the time of what stands at the clean path, and make an empty file if
 * nothing does; on disk when this returns, where the base says so.
 * STATUS_NOT_PERMITTED for what the plan does not allow; STATUS_EXISTS and
 * STATUS_PRECONDITION if what is there is not as it expects.
 */
enum status touch_file(const struct place *place, struct names *names,
    const char *path, const struct touch_plan *plan);

#endif
