/* SPDX-License-Identifier: ISC */
/*
 * pump - the yardstick: how fast one plain TLS 1.3 stream goes over loopback
 * between two processes, by the technique that the options choose.  Without
 * options it uses the best that is known here (README.md has the figures).
 */
#include "config.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <xxhash.h>

#include "link.h"

#define KIB	 ((size_t)1024)
#define MIB	 (1024 * KIB)
#define RECORD	 (16 * KIB)	/* payload of a full TLS record */

struct options {
	size_t		    total;
	struct link_options link;
	const char	   *cipher;
	const char	   *source;	/* NULL: memory */
	const char	   *sink;	/* NULL: discard */
	size_t		    piece;	/* bytes per write to the sink */
	int		    lowat;	/* TCP_NOTSENT_LOWAT; 0: the default */
	int		    sndbuf, rcvbuf;	/* 0: let the kernel tune */
	int		    rcvlowat;	/* SO_RCVLOWAT; 0: the default */
	bool		    release;	/* SSL_MODE_RELEASE_BUFFERS */
	bool		    poll;	/* send non-blocking, with poll */
	bool		    tcp;	/* no TLS at all: the floor */
	bool		    digest;	/* XXH128 per MiB on both sides */
};

/* One end, from the end of the handshake to its last byte. */
struct meter {
	double	wall, user, sys;
};

struct channel {
	SSL	*ssl;	/* NULL: plain TCP */
	int	 fd;
};

static void
die_ssl(const char *what)
{
	ERR_print_errors_fp(stderr);
	errx(1, "%s", what);
}

static double
seconds(struct timeval tv)
{
	return (double)tv.tv_sec + (double)tv.tv_usec / 1e6;
}

static struct meter
meter_now(void)
{
	struct timespec ts;
	struct rusage ru;

	if (clock_gettime(CLOCK_MONOTONIC, &ts) == -1 ||
	    getrusage(RUSAGE_SELF, &ru) == -1)
		err(1, "clock");
	return (struct meter){
		(double)ts.tv_sec + (double)ts.tv_nsec / 1e9,
		seconds(ru.ru_utime), seconds(ru.ru_stime),
	};
}

static struct meter
meter_since(struct meter from)
{
	struct meter now = meter_now();

	return (struct meter){ now.wall - from.wall, now.user - from.user,
	    now.sys - from.sys };
}

static void *
buffer_new(size_t size)
{
	void *p;

	if ((p = aligned_alloc(4096, size)) == NULL)
		err(1, "memory");
	memset(p, 0x5a, size);
	return p;
}

static void
set_option(int fd, int level, int name, int value)
{
	if (value > 0 &&
	    setsockopt(fd, level, name, &value, sizeof(value)) == -1)
		err(1, "setsockopt %d", name);
}

static SSL_CTX *
context(const struct options *opt, bool server)
{
	SSL_CTX *ctx;

	ctx = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());
	if (ctx == NULL ||
	    SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) != 1 ||
	    SSL_CTX_set_ciphersuites(ctx, opt->cipher) != 1)
		die_ssl("TLS context");
	if (opt->release)
		SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
	if (server && (SSL_CTX_set_num_tickets(ctx, 0) != 1 ||
	    link_certify(ctx) == -1))
		die_ssl("certificate");
	return ctx;
}

static struct channel
channel_open(const struct options *opt, int fd, bool server)
{
	struct channel ch = { NULL, fd };

	if (opt->tcp)
		return ch;
	if ((ch.ssl = SSL_new(context(opt, server))) == NULL ||
	    link_attach(ch.ssl, fd, &opt->link) == -1)
		die_ssl("TLS connection");
	if ((server ? SSL_accept(ch.ssl) : SSL_connect(ch.ssl)) != 1)
		die_ssl("handshake");
	return ch;
}

static void
channel_write(const struct channel *ch, const char *buf, size_t len)
{
	size_t done;
	ssize_t n;

	while (len > 0) {
		if (ch->ssl == NULL) {
			if ((n = write(ch->fd, buf, len)) == -1)
				err(1, "write");
			done = (size_t)n;
		} else if (SSL_write_ex(ch->ssl, buf, len, &done) != 1)
			die_ssl("SSL_write");
		buf += done;
		len -= done;
	}
	if (ch->ssl != NULL && BIO_flush(SSL_get_wbio(ch->ssl)) != 1)
		err(1, "write");
}

/* Up to `len` bytes: a record at most, or what one recv gives. */
static size_t
channel_read(const struct channel *ch, char *buf, size_t len)
{
	size_t done;
	ssize_t n;

	if (ch->ssl == NULL) {
		if ((n = recv(ch->fd, buf, len, 0)) <= 0)
			err(1, "recv");
		return (size_t)n;
	}
	if (SSL_read_ex(ch->ssl, buf, len, &done) != 1)
		die_ssl("SSL_read");
	return done;
}

/* One read per gathered write; the digest runs over whole MiBs in pieces. */
static void
send_all(const struct options *opt, const struct channel *ch)
{
	size_t chunk = opt->link.gather > 0 ? opt->link.gather : RECORD;
	char *buf = buffer_new(chunk);
	XXH3_state_t *state = XXH3_createState();
	size_t off, len;
	int fd = -1;

	if (state == NULL || XXH3_128bits_reset(state) != XXH_OK)
		errx(1, "digest");
	if (opt->source != NULL &&
	    (fd = open(opt->source, O_RDONLY | O_CLOEXEC)) == -1)
		err(1, "%s", opt->source);
	for (off = 0; off < opt->total; off += len) {
		len = opt->total - off < chunk ? opt->total - off : chunk;
		if (fd != -1 && pread(fd, buf, len, (off_t)off) != (ssize_t)len)
			err(1, "%s: too short", opt->source);
		if (opt->digest)
			(void)XXH3_128bits_update(state, buf, len);
		channel_write(ch, buf, len);
	}
	(void)XXH3_freeState(state);
	free(buf);
	if (fd != -1)
		(void)close(fd);
}

static int
sink_open(const struct options *opt)
{
	int fd;

	if (opt->sink == NULL)
		return -1;
	if (unlink(opt->sink) == -1 && errno != ENOENT)
		err(1, "%s", opt->sink);
	fd = open(opt->sink, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd == -1)
		err(1, "%s", opt->sink);
	return fd;
}

static void
receive_all(const struct options *opt, const struct channel *ch, int sink)
{
	char *buf = buffer_new(opt->piece);
	XXH3_state_t *state = XXH3_createState();
	size_t last_wait = (size_t)opt->rcvlowat + 2 * opt->link.ahead +
	    opt->piece;
	size_t off, len, want;

	if (state == NULL || XXH3_128bits_reset(state) != XXH_OK)
		errx(1, "digest");
	set_option(ch->fd, SOL_SOCKET, SO_RCVLOWAT, opt->rcvlowat);
	for (off = 0; off < opt->total; off += len) {
		want = opt->total - off;
		if (want > opt->piece)
			want = opt->piece;
		if (opt->total - off < last_wait)
			set_option(ch->fd, SOL_SOCKET, SO_RCVLOWAT, 1);
		for (len = 0; len < want;)
			len += channel_read(ch, buf + len, want - len);
		if (opt->digest)
			(void)XXH3_128bits_update(state, buf, len);
		if (sink != -1 &&
		    pwrite(sink, buf, len, (off_t)off) != (ssize_t)len)
			err(1, "%s", opt->sink);
	}
	(void)XXH3_freeState(state);
	free(buf);
}

static int
listen_loopback(const struct options *opt, struct sockaddr_in *at)
{
	socklen_t len = sizeof(*at);
	int fd;

	memset(at, 0, sizeof(*at));
	at->sin_family = AF_INET;
	at->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if ((fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) == -1)
		err(1, "socket");
	set_option(fd, SOL_SOCKET, SO_SNDBUF, opt->sndbuf);
	if (bind(fd, (struct sockaddr *)at, len) == -1 ||
	    listen(fd, 1) == -1 ||
	    getsockname(fd, (struct sockaddr *)at, &len) == -1)
		err(1, "listen");
	return fd;
}

static struct meter
run_receiver(const struct options *opt, const struct sockaddr_in *at)
{
	struct channel ch;
	struct meter start, took;
	int fd, sink = sink_open(opt);

	if ((fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) == -1)
		err(1, "socket");
	set_option(fd, SOL_SOCKET, SO_RCVBUF, opt->rcvbuf);
	if (connect(fd, (const struct sockaddr *)at, sizeof(*at)) == -1)
		err(1, "connect");
	ch = channel_open(opt, fd, false);
	start = meter_now();
	receive_all(opt, &ch, sink);
	took = meter_since(start);
	if (sink != -1 && (close(sink) == -1 || unlink(opt->sink) == -1))
		err(1, "%s", opt->sink);
	return took;
}

static struct meter
run_sender(const struct options *opt, int listener)
{
	struct channel ch;
	struct meter start;
	int fd;

	if ((fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) == -1)
		err(1, "accept");
	set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	set_option(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, opt->lowat);
	ch = channel_open(opt, fd, true);
	if (opt->poll && fcntl(fd, F_SETFL, O_NONBLOCK) == -1)
		err(1, "fcntl");
	start = meter_now();
	send_all(opt, &ch);
	return meter_since(start);
}

static void
report(const struct options *opt, const struct meter *tx,
    const struct meter *rx)
{
	double mb = (double)opt->total / 1e6, gb = mb / 1e3;

	printf("%.0f MB/s, CPU s/GB: sender %.3f (user %.3f), "
	    "receiver %.3f (user %.3f)\n", mb / rx->wall,
	    (tx->user + tx->sys) / gb, tx->user / gb,
	    (rx->user + rx->sys) / gb, rx->user / gb);
}

static void
usage(void)
{
	fputs("usage: pump [-deRT] [-n MIB] [-g GATHER_KIB] [-c CIPHER]\n"
	    "            [-r plain|ahead:KIB|whole:KIB|split:KIB]\n"
	    "            [-s SOURCE] [-o SINK] [-w PIECE_KIB] [-l LOWAT_KIB]\n"
	    "            [-S SNDBUF_KIB] [-B RCVBUF_KIB] [-L RCVLOWAT_KIB]\n",
	    stderr);
	exit(64);
}

static size_t
number(const char *word, size_t unit)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(word, &end, 10);
	if (errno != 0 || end == word || *end != '\0' || n > 1UL << 20)
		usage();
	return n * unit;
}

static void
parse_receive(struct link_options *link, const char *word)
{
	static const char *const modes[] = { "plain", "ahead:", "whole:",
	    "split:" };
	size_t i, len;

	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		len = strlen(modes[i]);
		if (strncmp(word, modes[i], len) != 0)
			continue;
		link->receive = (enum link_receive)i;
		if (link->receive != LINK_PLAIN)
			link->ahead = number(word + len, KIB);
		return;
	}
	usage();
}

static void
parse(struct options *opt, int argc, char **argv)
{
	int ch;

	while ((ch = getopt(argc, argv, "deRTn:g:c:r:s:o:w:l:S:B:L:")) != -1) {
		switch (ch) {
		case 'd': opt->digest = true; break;
		case 'e': opt->poll = true; break;
		case 'R': opt->release = true; break;
		case 'T': opt->tcp = true; break;
		case 'n': opt->total = number(optarg, MIB); break;
		case 'g': opt->link.gather = number(optarg, KIB); break;
		case 'c': opt->cipher = optarg; break;
		case 'r': parse_receive(&opt->link, optarg); break;
		case 's': opt->source = optarg; break;
		case 'o': opt->sink = optarg; break;
		case 'w': opt->piece = number(optarg, KIB); break;
		case 'l': opt->lowat = (int)number(optarg, KIB); break;
		case 'S': opt->sndbuf = (int)number(optarg, KIB); break;
		case 'B': opt->rcvbuf = (int)number(optarg, KIB); break;
		case 'L':
			opt->rcvlowat = (int)number(optarg, KIB);
			break;
		default: usage();
		}
	}
	if (optind != argc || opt->piece == 0 ||
	    (opt->poll && (opt->tcp || opt->link.gather == 0)))
		usage();
}

int
main(int argc, char **argv)
{
	struct options opt = {
		.total = 1024 * MIB,
		.link = { 256 * KIB, LINK_WHOLE, 256 * KIB },
		.cipher = "TLS_AES_256_GCM_SHA384",
		.piece = 256 * KIB,
		.lowat = (int)(64 * KIB),
	};
	struct sockaddr_in at;
	struct meter *rx, tx;
	int listener, status;
	pid_t pid;

	parse(&opt, argc, argv);
	rx = mmap(NULL, sizeof(*rx), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (rx == MAP_FAILED)
		err(1, "memory");
	listener = listen_loopback(&opt, &at);
	if ((pid = fork()) == -1)
		err(1, "fork");
	if (pid == 0) {
		*rx = run_receiver(&opt, &at);
		_exit(0);
	}
	tx = run_sender(&opt, listener);
	if (waitpid(pid, &status, 0) == -1 || status != 0)
		errx(1, "the receiver failed");
	report(&opt, &tx, rx);
	return 0;
}
