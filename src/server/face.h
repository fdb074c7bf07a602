/*
 * face - a protocol as the server speaks it: bytes of a client become requests,
 * answers become bytes.  The TLS side chooses the face by ALPN; it knows
 * neither sockets nor TLS.
 */
#ifndef FACE_H
#define FACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "batch.h"
#include "client.h"

/* Plain bytes that have come.  The face uses some from the front. */
struct face_input {
	uint8_t		*bytes;		/* borrowed for the call */
	size_t		 len;
	size_t		 used;		/* by the face */
	bool		 is_quiet;	/* the client has sent no more so far */
	uint64_t	 ends;		/* clock_ms(): leave the rest to another
					 * turn from then on; 0: use all */
};

/* Room for plain bytes that are to go. */
struct face_output {
	uint8_t		*bytes;		/* borrowed for the call */
	size_t		 room;
	size_t		 len;		/* written by the face */
};

enum face_turn {
	FACE_WAITS,	/* for input, for room, or for a letter */
	FACE_ON,	/* for nothing: it has more to do right now */
	FACE_LOGIN,	/* client->job must go to the login line */
	FACE_ENDS	/* nothing more will be said */
};

/* What a face does right now, for timeouts and for draining. */
enum face_mood {
	FACE_NEW,	/* not logged in */
	FACE_IDLE,	/* no request is open */
	FACE_BUSY,	/* requests are open: the server has to do */
	FACE_MOVING	/* content flows: the client has to do */
};

struct face {
	const struct face_ops *ops;
};

struct face_ops {
	const char	*alpn;
	/* NULL without memory.  `client` outlives the face. */
	struct face	*(*open)(struct client *client);
	void		(*close)(struct face *face);
	/* Bytes of input that the face could use now, beyond what it has. */
	size_t		(*appetite)(const struct face *face);
	/* Use input, pull producers, fill the output. */
	enum face_turn	(*work)(struct face *face, struct face_input *in,
			    struct face_output *out);
	/* The login line has given the job back with its result. */
	void		(*checked)(struct face *face, enum status st);
	/* The last words, as soon as there is room: then FACE_ENDS. */
	void		(*stop)(struct face *face, enum status st);
	enum face_mood	(*mood)(const struct face *face);
	/* The client has moved nothing for a while, and may go on later. */
	void		(*stalled)(struct face *face);
};

/* FT/1, of ft-protocol(7). */
extern const struct face_ops ft1_face;

/* The face for what ALPN has chosen, or NULL. */
const struct face_ops *face_of_alpn(const unsigned char *alpn, size_t len);

#endif
