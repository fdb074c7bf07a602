/*
 * request - what a client wants, as no face in particular would say it.
 *
 * A face fills it in; strings are borrowed from the face's input and hold for
 * the length of the handler's call only.
 */
#ifndef REQUEST_H
#define REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "digest.h"
#include "file_time.h"
#include "upload_plan.h"
#include "version.h"

enum verb {
	VERB_LIST,
	VERB_STAT,
	VERB_GET,
	VERB_PUT,
	VERB_CD,
	VERB_PWD,
	VERB_MKDIR,
	VERB_RMDIR,
	VERB_RM,
	VERB_MV,
	VERB_UPLOADS,
	VERB_DISCARD,
	VERB_PIECES,
	VERB_APPEND,
	VERB_WRITE,
	VERB_TRUNCATE,
	VERB_CP,
	VERB_SUM,
	VERB_FIND,
	VERB_DU,
	VERB_DF,
	VERB_TOUCH,
	VERB_TREE,
	VERB_TREE_COMMIT,
	VERB_GET_TREE,
	VERB_SYMLINK,
	VERB_LOCK,
	VERB_UNLOCK,
	VERB_LOCKS,
	VERB_COUNT
};

/* Bytes that need not end with NUL; `at` is NULL if none were given. */
struct request_bytes {
	const char	*at;
	size_t		 len;
};

struct request {
	enum verb	 verb;
	uint32_t	 id;
	bool		 chained;	/* skip it behind a failure */

	struct request_bytes path, target;

	bool		 has_offset, has_length, has_size, has_mode, has_mtime;
	bool		 if_absent, if_version;
	bool		 shared;	/* lock: let others lock so too */
	uint32_t	 wait;		/* seconds that locks may take */
	uint64_t	 offset, length, size;
	uint32_t	 mode;
	struct file_time mtime;
	uint8_t		 taken;		/* enum upload_taken */
	uint8_t		 version[VERSION_SIZE];

	bool		 has_upload;
	uint8_t		 upload[UPLOAD_ID_SIZE];
	bool		 basis;		/* put: begin with what is there */
	bool		 has_tree;	/* the path is of a member of ... */
	uint8_t		 tree[UPLOAD_ID_SIZE];	/* ... this folder */
	uint64_t	 count;		/* of members */
	uint8_t		 digest[DIGEST_SIZE];	/* of their manifest */
	bool		 recursive;	/* rm: a folder with all in it */
	bool		 parents;	/* mkdir: those above it too */
	struct request_bytes link;	/* symlink: its text; stat: if given,
					 * a link is told of itself */
	bool		 wants_mime;	/* list, stat: the MIME type, too */
	bool		 wants_total;	/* get-tree: how much it is */
	struct request_bytes method;	/* of sum */
	/* what find looks for */
	struct request_bytes pattern;
	uint8_t		 kind;		/* 'f', 'd', 'l'; 0: any */
	bool		 has_size_least, has_size_most, has_newer, has_older;
	bool		 has_depth;
	uint64_t	 size_least, size_most;
	struct file_time newer, older;
	uint32_t	 depth;
};

#endif
