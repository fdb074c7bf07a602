/*
 * stage - a file in the base's private folder, named by a random id, that
 * nobody sees until it is renamed to where it belongs.
 */
#ifndef STAGE_H
#define STAGE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "status.h"

#define STAGE_ID_SIZE	16
#define STAGE_NAME_ROOM	(2 * STAGE_ID_SIZE + 1)

struct stage {
	uint8_t	 id[STAGE_ID_SIZE];	/* random, not to be guessed */
	char	 name[STAGE_NAME_ROOM];	/* the id in hex */
	int	 fd;			/* owned, to read and write; or -1 */
	bool	 made;			/* the name exists and is ours */
};

/*
 * Make an empty stage in the folder `folder_fd`, with the permission bits
 * `mode`, less the umask.  The errno of a failure is kept.
 */
enum status stage_make(struct stage *stage, int folder_fd, mode_t mode);

/* The same for a folder, which is not opened. */
enum status stage_make_folder(struct stage *stage, int folder_fd, mode_t mode);

/* Close it, and remove its name if that is still ours. */
void stage_drop(struct stage *stage, int folder_fd);

/* Bytes that the file of that id takes on the disk; 0 if there is none. */
uint64_t stage_bytes(int folder_fd, const uint8_t id[STAGE_ID_SIZE]);

/* Could this be the name of a stage? */
bool stage_is_name(const char *name);

/* The id that a stage of that name has; false if it is none. */
bool stage_id_of_name(uint8_t id[STAGE_ID_SIZE], const char *name);

#endif
