/*
 * parcel - a folder that is received as one: its members are put into a stage
 * that nobody sees, and all of it is published by one rename, or nothing.
 *
 *	parcel_begin or parcel_resume, members ...,
 *	parcel_survey until it is done, parcel_publish, parcel_unref
 *
 * Members are uploads whose place is that of the parcel, and folders.  What is
 * not published stays, with its record, until it is given up (upload_discard)
 * or too old, and can be taken up again.
 *
 * All functions may be called from several threads at once, but for the survey
 * and what comes behind it.
 */
#ifndef PARCEL_H
#define PARCEL_H

#include <stdbool.h>
#include <stdint.h>

#include "names.h"
#include "parcel_log.h"
#include "status.h"
#include "upload_plan.h"
#include "walk.h"

struct parcel;
struct upload;

/*
 * Begin one for `plan`: path, user, mode, taken (refuse or fresh), the size of
 * all files if it is known, and how many members there are to be (or 0).
 * STATUS_EXISTS if the name is taken and that is to be refused, STATUS_LOCKED
 * if another upload goes there.
 */
enum status parcel_begin(struct parcel **out, const struct place *place,
    const struct upload_plan *plan, uint64_t count);

/*
 * Take up the user's own; older holders let go.  If it was published already,
 * `*out` is NULL and the receipt tells.  STATUS_NOT_FOUND; STATUS_BUSY: try
 * again in a second.
 */
enum status parcel_resume(struct parcel **out, const struct place *place,
    const char *user, const uint8_t id[UPLOAD_ID_SIZE],
    struct upload_receipt *receipt);

struct parcel *parcel_ref(struct parcel *parcel);
void parcel_unref(struct parcel *parcel);	/* NULL: does nothing */

/* The root of members of the parcel of that id: ".ftserver/stage/ID". */
#define PARCEL_ROOT_ROOM 64
void parcel_root(char out[PARCEL_ROOT_ROOM], const uint8_t *id);

/* The other way round; false if that is no such root. */
bool parcel_id_of_root(uint8_t *id, const char *root);

/* Is that the place that it was begun for? */
bool parcel_is_for(const struct parcel *parcel, const struct place *place);

/* Where members go, and without own locks; good as long as the parcel is. */
const struct place *parcel_place(const struct parcel *parcel);
const uint8_t *parcel_id(const struct parcel *parcel);
const char *parcel_path(const struct parcel *parcel);	/* of the target */
/* The name it has got beside a taken one, else NULL. */
const char *parcel_fresh_name(const struct parcel *parcel);

/*
 * --- Members ----------------------------------------------------------------
 */

/* The path of a member, "a/b", as a clean one: "/a/b". */
enum status parcel_member_path(char out[WALK_PATH_ROOM], const char *path,
    size_t len);

/* Make a folder, unless it is there. */
enum status parcel_mkdir(struct parcel *parcel, const char *path,
    bool has_mode, uint32_t mode);

/*
 * Between these two nobody can take the parcel away.  STATUS_LOCKED if that has
 * happened.
 */
enum status parcel_enter(struct parcel *parcel);
void parcel_leave(struct parcel *parcel);

/* A long member comes: that is no silence.  Cheap, for each piece of it. */
void parcel_keep(struct parcel *parcel);

/* Between them: the member is in its place. */
enum status parcel_note(struct parcel *parcel,
    const struct parcel_member *member);

/* What is about to come counts for the quota of the target. */
enum status parcel_reserve(struct parcel *parcel, uint64_t bytes,
    uint64_t names);
/* So much of it will not come. */
void parcel_release(struct parcel *parcel, uint64_t bytes, uint64_t names);

/*
 * Publish the upload in its place among the members, as upload_publish does it,
 * and note it.
 */
enum status parcel_publish_member(struct upload *upload, struct names *names,
    const struct folder *folder, struct upload_receipt *receipt);

/*
 * --- The end ----------------------------------------------------------------
 */

/*
 * Nothing more comes: hold it alone.  STATUS_BUSY while others hold it.  A
 * survey that was not done is forgotten: from here on it is the closer's.
 */
enum status parcel_close(struct parcel *parcel);
bool parcel_is_closed(const struct parcel *parcel);

/*
 * Look at some of what is there, and remove what is not as it was noted;
 * `*more` is false once all has been seen.  It enters the parcel:
 * STATUS_LOCKED if that was taken away.
 */
enum status parcel_survey(struct parcel *parcel, bool *more);

/* What is there, after the survey. */
const struct parcel_log *parcel_members(const struct parcel *parcel);

/*
 * Flush its folders and publish it, closed and surveyed, if it is what the
 * client says.
 * STATUS_DIGEST, STATUS_EXISTS and others; unless it may go better another time
 * it is removed whole.
 */
enum status parcel_publish(struct parcel *parcel, struct names *names,
    uint64_t count, const uint8_t digest[DIGEST_SIZE],
    struct upload_receipt *receipt);

#endif
