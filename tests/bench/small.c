/* SPDX-License-Identifier: ISC */
/*
 * small - a client that puts many small files over one connection as fast as
 * the socket takes them: no round trip per file, nothing read from a disk.
 *
 *	small [-n FILES] [-f FOLDERS] [-s BYTES] ADDRESS PORT USER PASSWORD PATH
 *
 * makes the folder PATH and FOLDERS folders in it, then puts FILES files, as
 * many to each; prints files per second from the first byte of the first to
 * the last receipt.  It trusts whatever server answers.
 */
#include "config.h"

#include <sys/resource.h>
#include <sys/socket.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <err.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "digest.h"
#include "ft1.h"
#include "status.h"
#include "tls_stream.h"

#define BYTES_MAX	FT1_DATA_BYTES
#define FRAMES_ROOM	(BYTES_MAX + 2 * FT1_PATH_MAX)	/* of one request */
#define IN_ROOM		(64u * 1024)

struct driver {
	struct tls_stream *stream;	/* owned */
	const char	*path;
	unsigned int	 files, folders, bytes;
	uint32_t	 last_id;
	unsigned int	 replies;	/* final ones of the row that runs */

	uint8_t		 out[TLS_STREAM_GATHER + FRAMES_ROOM];
	size_t		 out_len, out_sent;
	uint8_t		 in[FT1_HEADER_SIZE + FT1_MAX_REQUEST + IN_ROOM];
	size_t		 in_len;
	uint8_t		 content[BYTES_MAX];
};

/* Writes the frames of the request number `i` of a row to `out`. */
typedef void make_request(struct driver *d, unsigned int i);

static double
seconds_now(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_MONOTONIC, &ts) == -1)
		err(1, "clock");
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static double
cpu_now(void)
{
	struct rusage ru;

	if (getrusage(RUSAGE_SELF, &ru) == -1)
		err(1, "getrusage");
	return (double)(ru.ru_utime.tv_sec + ru.ru_stime.tv_sec) +
	    (double)(ru.ru_utime.tv_usec + ru.ru_stime.tv_usec) / 1e6;
}

/* --- frames ------------------------------------------------------------- */

static void
frame_begin(struct driver *d, struct ft1_frame *frame, enum ft1_type type,
    uint32_t id)
{
	struct ft1_header header = { .type = (uint8_t)type, .id = id };

	ft1_frame_begin(frame, d->out + d->out_len,
	    sizeof(d->out) - d->out_len, &header);
}

static void
frame_end(struct driver *d, struct ft1_frame *frame)
{
	size_t len = ft1_frame_end(frame);

	if (len == 0)
		errx(1, "a frame does not fit");
	d->out_len += len;
}

static void
make_login(struct driver *d, const char *user, const char *password)
{
	struct ft1_frame frame;

	frame_begin(d, &frame, FT1_HELLO, 0);
	ft1_put_bytes(&frame, FT1_TAG_VERSIONS, "\0\1\0\1", 4);
	frame_end(d, &frame);
	frame_begin(d, &frame, FT1_LOGIN, ++d->last_id);
	ft1_put_string(&frame, FT1_TAG_USER, user);
	ft1_put_string(&frame, FT1_TAG_METHOD, "password");
	ft1_put_string(&frame, FT1_TAG_RESPONSE, password);
	frame_end(d, &frame);
}

/* The first makes the folder for all others. */
static void
make_folder(struct driver *d, unsigned int i)
{
	struct ft1_frame frame;
	char path[FT1_PATH_MAX + 1];

	if (i == 0)
		(void)snprintf(path, sizeof(path), "%s", d->path);
	else
		(void)snprintf(path, sizeof(path), "%s/d%02u", d->path, i - 1);
	frame_begin(d, &frame, FT1_MKDIR, ++d->last_id);
	ft1_put_string(&frame, FT1_TAG_PATH, path);
	frame_end(d, &frame);
}

/* No two files are the same, or the page cache would help. */
static void
make_content(struct driver *d, unsigned int i, uint8_t hash[DIGEST_SIZE])
{
	struct digest *digest;

	memcpy(d->content, &i, d->bytes < sizeof(i) ? d->bytes : sizeof(i));
	if ((digest = digest_begin(0)) == NULL)
		err(1, "digest");
	digest_update(digest, d->content, d->bytes);
	digest_end(digest, hash);
}

static void
make_data(struct driver *d)
{
	struct ft1_header header = { .type = FT1_DATA, .id = d->last_id };
	uint8_t *at = d->out + d->out_len;

	header.length = FT1_OFFSET_SIZE + d->bytes;
	ft1_header_write(at, &header);
	ft1_store_u64(at + FT1_HEADER_SIZE, 0);
	memcpy(at + FT1_HEADER_SIZE + FT1_OFFSET_SIZE, d->content, d->bytes);
	d->out_len += FT1_HEADER_SIZE + header.length;
}

static void
make_put(struct driver *d, unsigned int i)
{
	unsigned int in_each = (d->files + d->folders - 1) / d->folders;
	struct ft1_frame frame;
	uint8_t hash[DIGEST_SIZE];
	char path[FT1_PATH_MAX + 1];

	(void)snprintf(path, sizeof(path), "%s/d%02u/f%02u", d->path,
	    i / in_each, i % in_each);
	make_content(d, i, hash);
	frame_begin(d, &frame, FT1_PUT, ++d->last_id);
	ft1_put_string(&frame, FT1_TAG_PATH, path);
	ft1_put_u64(&frame, FT1_TAG_SIZE, d->bytes);
	frame_end(d, &frame);
	if (d->bytes > 0)
		make_data(d);
	frame_begin(d, &frame, FT1_COMMIT, d->last_id);
	ft1_put_u64(&frame, FT1_TAG_SIZE, d->bytes);
	ft1_put_bytes(&frame, FT1_TAG_DIGEST, hash, sizeof(hash));
	frame_end(d, &frame);
}

/* --- the connection ------------------------------------------------------- */

static void
wait_for(struct driver *d, bool wants_output)
{
	struct pollfd pfd = { tls_stream_fd(d->stream), POLLIN, 0 };

	if (wants_output)
		pfd.events |= POLLOUT;
	if (poll(&pfd, 1, -1) == -1 && errno != EINTR)
		err(1, "poll");
}

static void
die_refused(const uint8_t *payload, size_t len)
{
	struct ft1_fields fields;
	uint16_t code = 0;

	ft1_fields_begin(&fields, payload, len);
	while (ft1_field_next(&fields) == FT1_FIELD) {
		if (fields.tag == FT1_TAG_CODE)
			(void)ft1_get_u16(&fields, &code);
		if (fields.tag == FT1_TAG_TEXT)
			errx(1, "%s: %.*s", status_word(code), fields.len,
			    (const char *)fields.value);
	}
	errx(1, "%s", status_word(code));
}

/* Take the whole frames off the input; a final reply that is no OK is fatal. */
static void
take_frames(struct driver *d)
{
	struct ft1_header header;
	size_t at = 0, len;

	for (; d->in_len - at >= FT1_HEADER_SIZE; at += len) {
		ft1_header_read(&header, d->in + at);
		if (header.length > FT1_MAX_REQUEST)
			errx(1, "a frame of %u bytes", header.length);
		len = FT1_HEADER_SIZE + header.length;
		if (d->in_len - at < len)
			break;
		if (header.type == FT1_ERROR)
			die_refused(d->in + at + FT1_HEADER_SIZE,
			    header.length);
		if (header.type == FT1_OK)
			d->replies++;
	}
	d->in_len -= at;
	memmove(d->in, d->in + at, d->in_len);
}

/* Read what is there.  True if there was anything. */
static bool
hear(struct driver *d)
{
	bool heard = false;
	size_t got;
	enum io io;

	while ((io = tls_stream_read(d->stream, d->in + d->in_len,
	    sizeof(d->in) - d->in_len, &got)) == IO_OK) {
		heard = true;
		d->in_len += got;
		take_frames(d);
	}
	if (io != IO_WANT)
		errx(1, "read: %s", tls_stream_failure(d->stream));
	return heard;
}

static void
flush(struct driver *d)
{
	enum io io = tls_stream_flush(d->stream);

	if (io != IO_OK && io != IO_WANT)
		errx(1, "write: %s", tls_stream_failure(d->stream));
}

/* Send of `out` what there is room for. */
static void
hand_over(struct driver *d)
{
	size_t len = d->out_len - d->out_sent;
	size_t room = tls_stream_room(d->stream);

	if (len > room)
		len = room;
	if (tls_stream_write(d->stream, d->out + d->out_sent, len) != IO_OK)
		errx(1, "write: %s", tls_stream_failure(d->stream));
	d->out_sent += len;
	if (d->out_sent == d->out_len)
		d->out_len = d->out_sent = 0;
	flush(d);
}

/*
 * Send `count` requests without waiting, and hear all their replies.  `make` is
 * NULL if they stand in `out` already.
 */
static void
run_row(struct driver *d, make_request *make, unsigned int count)
{
	unsigned int made = make == NULL ? count : 0;
	bool is_stuck;

	d->replies = 0;
	while (d->replies < count) {
		while (made < count && d->out_len < TLS_STREAM_GATHER &&
		    d->out_sent == 0)
			make(d, made++);
		if (tls_stream_unsent(d->stream) > 0)
			flush(d);
		else if (d->out_len > 0)
			hand_over(d);
		is_stuck = tls_stream_unsent(d->stream) > 0;
		if (!hear(d) && (is_stuck || (made == count &&
		    d->out_len == 0 && d->replies < count)))
			wait_for(d, is_stuck);
	}
}

static int
dial(const char *address, const char *port)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	int fd, on = 1;

	at.sin_port = htons((uint16_t)strtoul(port, NULL, 10));
	if (inet_pton(AF_INET, address, &at.sin_addr) != 1)
		errx(1, "%s: not an IPv4 address", address);
	if ((fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) == -1 ||
	    connect(fd, (struct sockaddr *)&at, sizeof(at)) == -1 ||
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == -1)
		err(1, "connect");
	return fd;
}

static void
connect_to(struct driver *d, char **words)
{
	static const unsigned char alpn[] = "\4" FT1_ALPN;
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	enum io io;

	if (ctx == NULL || SSL_CTX_set_alpn_protos(ctx, alpn,
	    sizeof(alpn) - 1) != 0)
		errx(1, "TLS context");
	d->stream = tls_stream_new(ctx, dial(words[0], words[1]), false);
	SSL_CTX_free(ctx);
	if (d->stream == NULL)
		errx(1, "memory");
	while ((io = tls_stream_handshake(d->stream)) == IO_WANT)
		wait_for(d, tls_stream_unsent(d->stream) > 0);
	if (io != IO_OK)
		errx(1, "handshake: %s", tls_stream_failure(d->stream));
	make_login(d, words[2], words[3]);
	run_row(d, NULL, 1);
}

static unsigned int
number(const char *word, unsigned long most)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(word, &end, 10);
	if (errno != 0 || end == word || *end != '\0' || n > most)
		errx(64, "%s: not a number up to %lu", word, most);
	return (unsigned int)n;
}

int
main(int argc, char **argv)
{
	static struct driver d = { .files = 10000, .folders = 100,
	    .bytes = 4096 };
	double start, folders, cpu;
	int ch;

	while ((ch = getopt(argc, argv, "n:f:s:")) != -1) {
		switch (ch) {
		case 'n': d.files = number(optarg, 1000000); break;
		case 'f': d.folders = number(optarg, 10000); break;
		case 's': d.bytes = number(optarg, BYTES_MAX); break;
		default: return 64;
		}
	}
	if (argc - optind != 5 || d.folders == 0 || d.files == 0)
		errx(64, "usage: small [-n FILES] [-f FOLDERS] [-s BYTES] "
		    "ADDRESS PORT USER PASSWORD PATH");
	d.path = argv[optind + 4];
	if (strlen(d.path) > FT1_PATH_MAX - 32)
		errx(64, "the path is too long");
	memset(d.content, 0x5a, sizeof(d.content));
	connect_to(&d, argv + optind);
	start = seconds_now();
	run_row(&d, make_folder, d.folders + 1);
	folders = seconds_now() - start;
	cpu = cpu_now();
	start = seconds_now();
	run_row(&d, make_put, d.files);
	printf("%.0f files/s, folders %.3f s, client CPU %.3f s\n",
	    d.files / (seconds_now() - start), folders, cpu_now() - cpu);
	tls_stream_close(d.stream);
	(void)tls_stream_flush(d.stream);
	tls_stream_free(d.stream);
	return 0;
}
