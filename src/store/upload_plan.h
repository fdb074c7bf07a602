/*
 * upload_plan - what a client asks for with an upload, and what it is told when
 * all is done.
 */
#ifndef UPLOAD_PLAN_H
#define UPLOAD_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "digest.h"
#include "file_time.h"
#include "version.h"

#define UPLOAD_ID_SIZE 16

/* Announced sizes up to here make a small upload. */
#define UPLOAD_SMALL 1048576u

/* The largest file: the digest of a hole takes time for each of its MiBs. */
#define UPLOAD_MOST ((uint64_t)1 << 44)

enum upload_taken {
	UPLOAD_REPLACE = 0,	/* the name's old file, if there is one */
	UPLOAD_REFUSE = 1,	/* STATUS_EXISTS if the name is taken */
	UPLOAD_FRESH = 2,	/* find a name beside it that is not */
	UPLOAD_DENY = 3		/* STATUS_NOT_PERMITTED for a file: who puts
				 * may not replace */
};

/*
 * What the client asks for.  Of `mode` only the permission bits count, less the
 * umask; without one the file gets those of the file that it replaces, or 0644.
 */
struct upload_plan {
	const char	*path;		/* clean; copied */
	const char	*user;		/* whose a long one is; NULL: it
					 * cannot be resumed */
	bool		 has_size, has_mode, has_mtime;
	uint64_t	 size;
	uint32_t	 mode;		/* see above */
	struct file_time mtime;
	enum upload_taken taken;
	bool		 if_absent, if_version;
	uint8_t		 version[VERSION_SIZE];	/* with if_version */
};

/* What became of it. */
struct upload_receipt {
	uint8_t		 id[UPLOAD_ID_SIZE];
	uint64_t	 size;
	uint8_t		 digest[DIGEST_SIZE];
	uint8_t		 version[VERSION_SIZE];
	struct file_time time;		/* of the commit, by the wall clock */
	bool		 is_async;	/* the system flushes when it likes */
};

#endif
