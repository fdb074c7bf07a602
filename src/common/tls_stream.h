/*
 * tls_stream - one TLS connection over a non-blocking socket.
 *
 * Plain bytes that are written are sealed into a gather buffer at once and go
 * out in one system call for many records; cipher text is read in large
 * pieces too.  tls_stream_shrink() gives back all of these buffers that is not
 * in use, so that an idle stream costs little more than OpenSSL's own state.
 *
 * A stream belongs to one thread at a time.  Nothing here waits: after IO_WANT
 * the caller polls for input, and for output too while tls_stream_unsent() is
 * not 0.
 */
#ifndef TLS_STREAM_H
#define TLS_STREAM_H

#include <stdbool.h>
#include <stddef.h>

#include <openssl/ssl.h>

/* The most plain bytes that are sealed for one system call. */
#define TLS_STREAM_GATHER	262144u

struct tls_stream;

enum io {
	IO_OK,		/* done, or some bytes moved */
	IO_WANT,	/* the socket must become readable or writable first */
	IO_END,		/* the peer ended the stream properly (close_notify) */
	IO_CUT,		/* the connection broke off */
	IO_FAILED	/* TLS failed; tls_stream_failure() says why */
};

/*
 * Take over `fd` (non-blocking, closed by tls_stream_free, also when this
 * fails) as the server's or the client's end.  NULL if there is no memory.
 */
struct tls_stream *tls_stream_new(SSL_CTX *context, int fd, bool is_server);
void tls_stream_free(struct tls_stream *stream);

/* For certificates, ALPN and the peer's name; stays the stream's. */
SSL *tls_stream_ssl(struct tls_stream *stream);
int tls_stream_fd(const struct tls_stream *stream);

/* Move the handshake on.  IO_OK: done. */
enum io tls_stream_handshake(struct tls_stream *stream);

/* Read up to `len` plain bytes; `*got` tells how many (with IO_OK, >= 1). */
enum io tls_stream_read(struct tls_stream *stream, void *bytes, size_t len,
    size_t *got);

/*
 * Whether OpenSSL wipes what it decrypted once it has been read.  Costs time,
 * so it is for secrets only.
 */
void tls_stream_wipe(struct tls_stream *stream, bool wipes);

/* True if cipher text or plain text has been received that is not read yet. */
bool tls_stream_has_input(const struct tls_stream *stream);

/*
 * Plain bytes that may be written now: 0 while earlier ones wait for the
 * socket, else 64 KiB, or more if the socket would take it at once.  So about
 * 64 KiB is the most that ever waits.
 */
size_t tls_stream_room(const struct tls_stream *stream);

/* Seal `len` bytes (at most tls_stream_room) behind what waits already. */
enum io tls_stream_write(struct tls_stream *stream, const void *bytes,
    size_t len);

/* Send what waits.  IO_OK: all of it is with the kernel. */
enum io tls_stream_flush(struct tls_stream *stream);

/* Give back the memory that nothing stands in, before a long wait. */
void tls_stream_shrink(struct tls_stream *stream);

/* Bytes of cipher text that wait for the socket. */
size_t tls_stream_unsent(const struct tls_stream *stream);

/* Seal close_notify; tls_stream_flush sends it. */
void tls_stream_close(struct tls_stream *stream);

/* Words for the last IO_FAILED or IO_CUT; valid until the next call. */
const char *tls_stream_failure(const struct tls_stream *stream);

#endif
