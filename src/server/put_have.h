/*
 * put_have - what a put finds on the server already: an upload that is resumed,
 * or the file that stands there, of which a copy is made first.  A producer
 * tells of it, and then says that the upload has begun.
 */
#ifndef PUT_HAVE_H
#define PUT_HAVE_H

#include "caller.h"
#include "status.h"
#include "upload.h"

/* Of an upload that is resumed; borrowed from the consumer. */
enum status put_have_resumed(struct caller *caller, struct upload *upload);

/*
 * Of one that was begun now.  Without a file there that can be read now nothing
 * is held, and all is to be sent.
 */
enum status put_have_basis(struct caller *caller, struct upload *upload);

#endif
