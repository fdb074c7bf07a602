/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tls_stream.h"

#include <assert.h>
#include <errno.h>
#include <linux/tcp.h>		/* for tcpi_snd_wnd, newer than glibc's */
#include <netinet/in.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/bio.h>
#include <openssl/err.h>

#define RECORD_PLAIN	16384u	/* plain bytes in one TLS record */
#define RECORD_EXTRA	64u	/* more than a record grows by sealing */
/* Alerts, tickets and key updates still fit behind a full gather buffer. */
#define OUT_ROOM	(TLS_STREAM_GATHER / RECORD_PLAIN * \
			(RECORD_PLAIN + RECORD_EXTRA) + 16384u)
#define IN_ROOM		131072u
/* What may wait in the kernel, and here, for a peer that does not read. */
#define UNSENT_LOW	65536u
/* Records without data (key updates and the like) between data that count. */
#define EMPTY_MOST	32

struct tls_stream {
	SSL		*ssl;		/* owned */
	int		 fd;		/* owned */
	uint8_t		*out;		/* owned, or NULL */
	size_t		 out_sent, out_len, out_room;
	uint8_t		*in;		/* owned, or NULL */
	size_t		 in_read, in_len, in_room;
	bool		 is_dry;	/* the socket had no more to read */
	unsigned int	 empty;		/* records without data in a row */
	int		 cut;		/* errno of the broken socket, or 0 */
	bool		 ended;		/* the socket said end of file */
	const char	*failure;	/* static words */
};

static BIO_METHOD *method;
static pthread_once_t method_once = PTHREAD_ONCE_INIT;

/* Have the whole gather buffer, whatever is left in a shrunk one. */
static bool
have_out(struct tls_stream *stream)
{
	uint8_t *out;

	if (stream->out_room == OUT_ROOM)
		return true;
	if ((out = realloc(stream->out, OUT_ROOM)) == NULL)
		return false;
	stream->out = out;
	stream->out_room = OUT_ROOM;
	return true;
}

/* OpenSSL hands over sealed records: keep them until a flush. */
static int
gather_write(BIO *bio, const char *bytes, int len)
{
	struct tls_stream *stream = BIO_get_data(bio);

	BIO_clear_retry_flags(bio);
	if (!have_out(stream))
		return -1;
	if ((size_t)len > OUT_ROOM - stream->out_len) {
		BIO_set_retry_write(bio);
		return -1;
	}
	memcpy(stream->out + stream->out_len, bytes, (size_t)len);
	stream->out_len += (size_t)len;
	return len;
}

/* The whole input buffer; called when all of it has been read. */
static bool
have_in(struct tls_stream *stream)
{
	uint8_t *in;

	if (stream->in_room == IN_ROOM)
		return true;
	if ((in = realloc(stream->in, IN_ROOM)) == NULL)
		return false;
	stream->in = in;
	stream->in_room = IN_ROOM;
	return true;
}

/* Fill `in` with what the socket has.  False if there is nothing now. */
static bool
fill_input(struct tls_stream *stream)
{
	ssize_t n;

	if (!have_in(stream)) {
		stream->cut = ENOMEM;
		return false;
	}
	do
		n = recv(stream->fd, stream->in, IN_ROOM, MSG_DONTWAIT);
	while (n == -1 && errno == EINTR);
	stream->in_read = stream->in_len = 0;
	if (n > 0) {
		stream->in_len = (size_t)n;
		return true;
	}
	stream->is_dry = true;
	if (n == 0)
		stream->ended = true;
	else if (errno != EAGAIN && errno != EWOULDBLOCK)
		stream->cut = errno;
	return false;
}

static int
gather_read(BIO *bio, char *bytes, int len)
{
	struct tls_stream *stream = BIO_get_data(bio);
	size_t n;

	BIO_clear_retry_flags(bio);
	if (stream->in_read == stream->in_len && !fill_input(stream)) {
		if (stream->ended)
			return 0;
		if (stream->cut == 0)
			BIO_set_retry_read(bio);
		return -1;
	}
	n = stream->in_len - stream->in_read;
	if (n > (size_t)len)
		n = (size_t)len;
	memcpy(bytes, stream->in + stream->in_read, n);
	stream->in_read += n;
	return (int)n;
}

static long
gather_control(BIO *bio, int command, long number, void *pointer)
{
	struct tls_stream *stream = BIO_get_data(bio);

	(void)number;
	(void)pointer;
	if (command == BIO_CTRL_FLUSH)
		return 1;
	if (command == BIO_CTRL_EOF)
		return stream->ended;
	return 0;
}

static void
make_method(void)
{
	if ((method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK,
	    "gathering socket")) == NULL)
		return;
	BIO_meth_set_write(method, gather_write);
	BIO_meth_set_read(method, gather_read);
	BIO_meth_set_ctrl(method, gather_control);
}

/* Both only make it faster or leaner, and are not to be had everywhere. */
static void
set_up_socket(int fd)
{
	int on = 1, low = UNSENT_LOW;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &low,
	    sizeof(low));
}

struct tls_stream *
tls_stream_new(SSL_CTX *context, int fd, bool is_server)
{
	struct tls_stream *stream;
	BIO *bio = NULL;

	if ((stream = calloc(1, sizeof(*stream))) == NULL) {
		close(fd);
		return NULL;
	}
	stream->fd = fd;
	stream->failure = "";
	set_up_socket(fd);
	pthread_once(&method_once, make_method);
	if (method == NULL || (stream->ssl = SSL_new(context)) == NULL ||
	    (bio = BIO_new(method)) == NULL) {
		tls_stream_free(stream);
		return NULL;
	}
	BIO_set_data(bio, stream);
	BIO_set_init(bio, 1);
	SSL_set_bio(stream->ssl, bio, bio);
	/* Else SSL_read would not return from an endless row of key updates. */
	(void)SSL_clear_mode(stream->ssl, SSL_MODE_AUTO_RETRY);
	if (is_server)
		SSL_set_accept_state(stream->ssl);
	else
		SSL_set_connect_state(stream->ssl);
	return stream;
}

void
tls_stream_free(struct tls_stream *stream)
{
	if (stream == NULL)
		return;
	SSL_free(stream->ssl);
	free(stream->out);
	free(stream->in);
	close(stream->fd);
	free(stream);
}

SSL *
tls_stream_ssl(struct tls_stream *stream)
{
	return stream->ssl;
}

int
tls_stream_fd(const struct tls_stream *stream)
{
	return stream->fd;
}

void
tls_stream_wipe(struct tls_stream *stream, bool wipes)
{
	if (wipes)
		(void)SSL_set_options(stream->ssl, SSL_OP_CLEANSE_PLAINTEXT);
	else
		(void)SSL_clear_options(stream->ssl, SSL_OP_CLEANSE_PLAINTEXT);
}

/* What a failed SSL call means. */
static enum io
io_of_error(struct tls_stream *stream, int result)
{
	unsigned long code;

	switch (SSL_get_error(stream->ssl, result)) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		return IO_WANT;
	case SSL_ERROR_ZERO_RETURN:
		stream->failure = "the peer closed the connection";
		return IO_END;
	}
	if (stream->cut != 0) {
		stream->failure = strerrordesc_np(stream->cut);
		return IO_CUT;
	}
	if (stream->ended) {
		stream->failure = "the connection was cut";
		return IO_CUT;
	}
	code = ERR_peek_last_error();
	stream->failure = ERR_reason_error_string(code);
	if (stream->failure == NULL)
		stream->failure = "TLS failed";
	return IO_FAILED;
}

enum io
tls_stream_handshake(struct tls_stream *stream)
{
	enum io io, sent;
	int result;

	ERR_clear_error();
	result = SSL_do_handshake(stream->ssl);
	io = result == 1 ? IO_OK : io_of_error(stream, result);
	/* Also after a failure: the alert tells the peer what is wrong. */
	sent = tls_stream_flush(stream);
	return io == IO_OK && sent != IO_WANT ? sent : io;
}

enum io
tls_stream_read(struct tls_stream *stream, void *bytes, size_t len,
    size_t *got)
{
	int result;
	enum io io;

	*got = 0;
	stream->is_dry = false;
	do {
		ERR_clear_error();
		result = SSL_read_ex(stream->ssl, bytes, len, got);
		if (result == 1) {
			stream->empty = 0;
			return IO_OK;
		}
		io = io_of_error(stream, result);
		if (io != IO_WANT || stream->is_dry)
			return io;
	} while (++stream->empty <= EMPTY_MOST);
	stream->failure = "too many records without data";
	return IO_FAILED;
}

bool
tls_stream_has_input(const struct tls_stream *stream)
{
	return stream->in_read < stream->in_len ||
	    SSL_pending(stream->ssl) > 0;
}

/*
 * Bytes that the socket would put on the way at once, by the window of the peer
 * and that of congestion.
 */
static size_t
socket_room(int fd)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);
	uint64_t window, flying;

	memset(&info, 0, sizeof(info));
	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) == -1)
		return 0;
	window = (uint64_t)info.tcpi_snd_cwnd * info.tcpi_snd_mss;
	if (window > info.tcpi_snd_wnd)
		window = info.tcpi_snd_wnd;
	flying = (uint64_t)info.tcpi_unacked * info.tcpi_snd_mss +
	    info.tcpi_notsent_bytes;
	return window > flying ? (size_t)(window - flying) : 0;
}

size_t
tls_stream_room(const struct tls_stream *stream)
{
	size_t room;

	if (stream->out_len > 0)
		return 0;
	room = UNSENT_LOW + socket_room(stream->fd);
	if (room > TLS_STREAM_GATHER)
		room = TLS_STREAM_GATHER;
	return room - room % RECORD_PLAIN;
}

enum io
tls_stream_write(struct tls_stream *stream, const void *bytes, size_t len)
{
	size_t written;
	int result;

	assert(stream->out_len == 0 && len <= TLS_STREAM_GATHER);
	if (len == 0)
		return IO_OK;
	ERR_clear_error();
	result = SSL_write_ex(stream->ssl, bytes, len, &written);
	if (result == 1 && written == len)
		return IO_OK;
	if (io_of_error(stream, result) != IO_CUT)
		return IO_FAILED;
	return IO_CUT;
}

enum io
tls_stream_flush(struct tls_stream *stream)
{
	ssize_t n;

	while (stream->out_sent < stream->out_len) {
		n = send(stream->fd, stream->out + stream->out_sent,
		    stream->out_len - stream->out_sent,
		    MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return IO_WANT;
		if (n == -1) {
			stream->failure = strerrordesc_np(errno);
			return IO_CUT;
		}
		stream->out_sent += (size_t)n;
	}
	stream->out_sent = stream->out_len = 0;
	return IO_OK;
}

/* Keep `*len` bytes from `*first` on, in no more memory than they need. */
static uint8_t *
shrink(uint8_t *buf, size_t *first, size_t *len)
{
	uint8_t *less;

	*len -= *first;
	if (*len > 0)
		memmove(buf, buf + *first, *len);
	*first = 0;
	if (*len == 0) {
		free(buf);
		return NULL;
	}
	less = realloc(buf, *len);
	return less != NULL ? less : buf;
}

void
tls_stream_shrink(struct tls_stream *stream)
{
	stream->out = shrink(stream->out, &stream->out_sent,
	    &stream->out_len);
	stream->out_room = stream->out_len;
	stream->in = shrink(stream->in, &stream->in_read, &stream->in_len);
	stream->in_room = stream->in_len;
}

size_t
tls_stream_unsent(const struct tls_stream *stream)
{
	return stream->out_len - stream->out_sent;
}

void
tls_stream_close(struct tls_stream *stream)
{
	ERR_clear_error();
	(void)SSL_shutdown(stream->ssl);
}

const char *
tls_stream_failure(const struct tls_stream *stream)
{
	return stream->failure;
}
