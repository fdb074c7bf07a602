/*
 * status - how things end: one set of codes for the wire, the log and the
 * exit status of every program.
 *
 * The numbers below 256 travel in ERROR frames and never change.  Those from
 * 256 on are met on one side only and are never sent.
 *
 * A function that fails returns the code and leaves the words for a person in
 * a text that belongs to the thread; status_text() reads it.
 */
#ifndef STATUS_H
#define STATUS_H

enum status {
	STATUS_OK = 0,
	STATUS_PROTOCOL = 1,		/* the peer broke the protocol */
	STATUS_UNSUPPORTED = 2,		/* known to be unknown here */
	STATUS_BAD_REQUEST = 3,		/* well formed, but makes no sense */
	STATUS_BAD_PATH = 4,
	STATUS_NOT_FOUND = 5,
	STATUS_NOT_PERMITTED = 6,
	STATUS_EXISTS = 7,
	STATUS_NOT_A_FOLDER = 8,
	STATUS_IS_A_FOLDER = 9,
	STATUS_NOT_A_FILE = 10,		/* a device, FIFO or socket */
	STATUS_NOT_EMPTY = 11,
	STATUS_NAME_TOO_LONG = 12,
	STATUS_LOCKED = 13,
	STATUS_BUSY = 14,
	STATUS_QUOTA = 15,
	STATUS_NO_SPACE = 16,
	STATUS_IO = 17,
	STATUS_CHANGED = 18,		/* the file changed while it was read */
	STATUS_PRECONDITION = 19,	/* not the version that was expected */
	STATUS_DIGEST = 20,		/* content does not match its digest */
	STATUS_SIZE = 21,		/* more or less content than said */
	STATUS_LOGIN_REFUSED = 22,
	STATUS_LOGIN_NEEDED = 23,
	STATUS_SKIPPED = 24,		/* chained behind a failed request */
	STATUS_CANCELLED = 25,
	STATUS_TIMEOUT = 26,
	STATUS_CROSS_DEVICE = 27,
	STATUS_STOPPING = 28,		/* the server is shutting down */
	STATUS_TOO_LARGE = 29,
	STATUS_NO_MEMORY = 30,

	STATUS_USAGE = 256,		/* a command line that makes no sense */
	STATUS_CONFIG,			/* a configuration is refused */
	STATUS_UNKNOWN_HOST,
	STATUS_UNREACHABLE,		/* cannot connect, or server gone */
	STATUS_TRUST,			/* TLS or certificate not trusted */
	STATUS_CANNOT_CREATE		/* a local file cannot be made */
};

/* What a client may do about it; the numbers travel in ERROR frames. */
enum status_class {
	CLASS_PERMANENT = 0,	/* the same request will fail again */
	CLASS_RETRY = 1,	/* may work later, as it is */
	CLASS_BUSY = 2,		/* will work after the wait that is named */
	CLASS_QUOTA = 3,
	CLASS_AUTH = 4		/* log in, or as somebody else */
};

/* The stable word for a code, such as "not-found"; "unknown" for others. */
const char *status_word(enum status st);

/* True if the number is a code that may stand in an ERROR frame. */
int status_is_on_wire(unsigned int number);

enum status_class status_class(enum status st);

/* The exit code of sysexits(3) for this outcome. */
int status_exit_code(enum status st);

/*
 * Set the thread's text, cut at 511 bytes, and return `st`.  The text names
 * files only as the user named them, and is not yet escaped.
 */
enum status status_set(enum status st, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Set the text for STATUS_NO_MEMORY, and return that. */
enum status status_no_memory(void);

/* Add words to the thread's text for `st`, and return `st`. */
enum status status_add(enum status st, const char *words);

/*
 * With the text that was just set goes who holds what is in the way, as
 * "alice (session 7)"; cut at 319 bytes.
 */
void status_set_holder(const char *holder);

/* The same as status_text of the holder; "" if nobody is named. */
const char *status_holder(enum status st);

/* The thread's words for a status, kept for later or for another thread. */
struct status_words {
	char	*text;		/* owned; NULL: only the code is known */
	char	*holder;	/* owned, or NULL */
};

/* Begin with { 0 }.  Without memory the code has to do without its words. */
void status_words_keep(struct status_words *words, enum status st);
/* They are the thread's again. */
void status_words_use(const struct status_words *words, enum status st);
void status_words_free(struct status_words *words);
/* Of several outcomes the first failure counts: keep it, if it is `next`. */
void status_words_first(struct status_words *words, enum status *st,
    enum status next);
/* status_words_use and status_words_free; returns `st`. */
enum status status_words_return(struct status_words *words, enum status st);

/*
 * Forget the thread's text, which may name files: to be called before the
 * thread turns to another client.
 */
void status_forget(void);

/*
 * Map errno to a code, set the text to "CONTEXT: strerror", and return the
 * code.  Keeps errno.
 */
enum status status_errno(const char *fmt, ...)
    __attribute__((format(printf, 1, 2)));

/* Only the mapping: the code that stands for an errno value. */
enum status status_of_errno(int error);

/*
 * The thread's text if the last status_set or status_errno here was of `st`,
 * else a general text for `st`.  Valid until the next call of either.
 */
const char *status_text(enum status st);

#endif
