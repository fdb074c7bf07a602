/* SPDX-License-Identifier: ISC */
/* Both ends of a stream in one process, over a pair of sockets. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "check_main.h"
#include "tls_stream.h"
#include "tls_support.h"

#define BIG	(3u << 20)

static SSL_CTX *contexts[2];		/* the client's, the server's */
static struct tls_stream *client, *server;
static uint8_t *big;

static SSL_CTX *
server_context(void)
{
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());
	struct certificate made;
	EVP_PKEY *key;
	X509 *x509;
	BIO *bio;

	certificate_make(&made);
	bio = BIO_new_mem_buf(made.certificate, -1);
	x509 = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	BIO_free(bio);
	bio = BIO_new_mem_buf(made.key, -1);
	key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
	BIO_free(bio);
	ck_assert_int_eq(SSL_CTX_use_certificate(context, x509), 1);
	ck_assert_int_eq(SSL_CTX_use_PrivateKey(context, key), 1);
	X509_free(x509);
	EVP_PKEY_free(key);
	certificate_free(&made);
	return context;
}

static void
connect_them(int fds[2])
{
	ck_assert_int_eq(socketpair(AF_UNIX,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
	client = tls_stream_new(contexts[0], fds[0], false);
	server = tls_stream_new(contexts[1], fds[1], true);
	ck_assert(client != NULL && server != NULL);
}

static void
set_up(void)
{
	int fds[2];

	contexts[0] = SSL_CTX_new(TLS_client_method());
	contexts[1] = server_context();
	connect_them(fds);
	big = malloc(BIG);
	ck_assert_ptr_nonnull(big);
	for (size_t i = 0; i < BIG; i++)
		big[i] = (uint8_t)(i * 31 + i / 256);
}

static void
tear_down(void)
{
	tls_stream_free(client);
	tls_stream_free(server);
	SSL_CTX_free(contexts[0]);
	SSL_CTX_free(contexts[1]);
	free(big);
}

static void
shake_hands(void)
{
	enum io a = IO_WANT, b = IO_WANT;

	while (a == IO_WANT || b == IO_WANT) {
		if (a == IO_WANT)
			a = tls_stream_handshake(client);
		if (b == IO_WANT)
			b = tls_stream_handshake(server);
	}
	ck_assert_int_eq(a, IO_OK);
	ck_assert_int_eq(b, IO_OK);
}

/* All that can be read now, at most `len` bytes in pieces of `piece`. */
static size_t
read_all(struct tls_stream *stream, uint8_t *bytes, size_t len, size_t piece)
{
	size_t got, all = 0;
	enum io io = IO_OK;

	while (all < len && io == IO_OK) {
		io = tls_stream_read(stream, bytes + all,
		    len - all < piece ? len - all : piece, &got);
		ck_assert(io == IO_WANT || (io == IO_OK && got > 0));
		all += got;
	}
	return all;
}

/* Write `len` bytes from one to the other, and see that they are the same. */
static void
pass(struct tls_stream *from, struct tls_stream *to, size_t len, size_t piece)
{
	uint8_t *bytes = malloc(len);
	size_t sent = 0, got = 0, n;
	enum io io;

	ck_assert_ptr_nonnull(bytes);
	while (got < len) {
		n = tls_stream_room(from);
		if (n > len - sent)
			n = len - sent;
		ck_assert_int_eq(tls_stream_write(from, big + sent, n),
		    IO_OK);
		sent += n;
		io = tls_stream_flush(from);
		ck_assert(io == IO_OK || io == IO_WANT);
		ck_assert_int_eq(io == IO_OK, tls_stream_unsent(from) == 0);
		got += read_all(to, bytes + got, len - got, piece);
		/* Memory that nothing stands in may be given back any time. */
		tls_stream_shrink(from);
		tls_stream_shrink(to);
	}
	ck_assert(memcmp(bytes, big, len) == 0);
	free(bytes);
}

START_TEST(both_ends_agree_in_the_end)
{
	ck_assert_int_eq(tls_stream_handshake(server), IO_WANT);
	shake_hands();
	ck_assert_str_eq(SSL_get_version(tls_stream_ssl(client)), "TLSv1.3");
	ck_assert_uint_eq(tls_stream_unsent(client), 0);
	ck_assert_uint_eq(tls_stream_unsent(server), 0);
}
END_TEST

START_TEST(what_is_written_is_read_both_ways)
{
	shake_hands();
	pass(client, server, 1, 1);
	pass(server, client, 1, 1);
	pass(client, server, 100, 7);
	pass(server, client, 16384, 16384);
	pass(client, server, 16385, 16384);
}
END_TEST

START_TEST(big_writes_go_through_as_the_socket_takes_them)
{
	shake_hands();
	pass(server, client, BIG, 256 * 1024);
	pass(client, server, BIG, 1000);
}
END_TEST

START_TEST(nothing_is_read_when_nothing_came)
{
	uint8_t bytes[16];
	size_t got = 99;

	shake_hands();
	ck_assert_int_eq(tls_stream_read(server, bytes, sizeof(bytes), &got),
	    IO_WANT);
	ck_assert_uint_eq(got, 0);
	ck_assert(!tls_stream_has_input(server));
}
END_TEST

START_TEST(a_part_of_a_record_is_kept_for_later)
{
	uint8_t bytes[16];
	size_t got;

	shake_hands();
	ck_assert_int_eq(tls_stream_write(client, "0123456789", 10), IO_OK);
	ck_assert_int_eq(tls_stream_flush(client), IO_OK);
	(void)read_all(client, bytes, sizeof(bytes), 16);
	ck_assert_int_eq(tls_stream_read(server, bytes, 4, &got), IO_OK);
	ck_assert_uint_eq(got, 4);
	ck_assert(tls_stream_has_input(server));
	tls_stream_shrink(server);
	ck_assert_uint_eq(read_all(server, bytes + 4, 12, 12), 6);
	ck_assert_mem_eq(bytes, "0123456789", 10);
	ck_assert(!tls_stream_has_input(server));
}
END_TEST

START_TEST(what_was_written_waits_for_a_flush)
{
	uint8_t bytes[16];
	size_t got;

	shake_hands();
	ck_assert_int_eq(tls_stream_write(server, "text", 4), IO_OK);
	ck_assert_uint_gt(tls_stream_unsent(server), 4);
	ck_assert_int_eq(tls_stream_read(client, bytes, sizeof(bytes), &got),
	    IO_WANT);
	ck_assert_int_eq(tls_stream_flush(server), IO_OK);
	ck_assert_uint_eq(tls_stream_unsent(server), 0);
	ck_assert_int_eq(tls_stream_read(client, bytes, sizeof(bytes), &got),
	    IO_OK);
	ck_assert_uint_eq(got, 4);
}
END_TEST

START_TEST(there_is_room_until_the_other_side_stops_reading)
{
	size_t room, writes = 0;

	shake_hands();
	ck_assert_uint_ge(tls_stream_room(server), 32768);
	while ((room = tls_stream_room(server)) > 0) {
		ck_assert_int_eq(tls_stream_write(server, big, room), IO_OK);
		(void)tls_stream_flush(server);
		ck_assert_uint_lt(writes++, 10000);
	}
	ck_assert_uint_gt(tls_stream_unsent(server), 0);
	/* Bounded, however large what was written. */
	ck_assert_uint_lt(tls_stream_unsent(server), 1 << 20);
	ck_assert_int_eq(tls_stream_flush(server), IO_WANT);
	while (tls_stream_flush(server) == IO_WANT)
		(void)read_all(client, big, BIG, 65536);
	ck_assert_uint_gt(tls_stream_room(server), 0);
}
END_TEST

START_TEST(close_notify_is_the_end)
{
	uint8_t bytes[16];
	size_t got;

	shake_hands();
	ck_assert_int_eq(tls_stream_write(server, "last", 4), IO_OK);
	tls_stream_close(server);
	ck_assert_int_eq(tls_stream_flush(server), IO_OK);
	ck_assert_int_eq(tls_stream_read(client, bytes, sizeof(bytes), &got),
	    IO_OK);
	ck_assert_uint_eq(got, 4);
	ck_assert_int_eq(tls_stream_read(client, bytes, sizeof(bytes), &got),
	    IO_END);
	ck_assert_int_eq(tls_stream_read(client, bytes, sizeof(bytes), &got),
	    IO_END);
}
END_TEST

START_TEST(a_stream_without_close_notify_was_cut)
{
	uint8_t bytes[16];
	size_t got;

	shake_hands();
	tls_stream_free(server);
	server = NULL;
	(void)read_all(client, bytes, 0, 1);
	ck_assert_int_eq(tls_stream_read(client, bytes, sizeof(bytes), &got),
	    IO_CUT);
	ck_assert_uint_gt(strlen(tls_stream_failure(client)), 0);
}
END_TEST

START_TEST(who_writes_to_a_peer_that_is_gone_is_told)
{
	enum io io = IO_OK;

	shake_hands();
	tls_stream_free(client);
	client = NULL;
	for (int i = 0; i < 10 && io == IO_OK; i++) {
		io = tls_stream_write(server, "text", 4);
		if (io == IO_OK)
			io = tls_stream_flush(server);
	}
	ck_assert_int_eq(io, IO_CUT);
}
END_TEST

START_TEST(a_handshake_that_breaks_off_was_cut)
{
	tls_stream_free(client);
	client = NULL;
	ck_assert_int_eq(tls_stream_handshake(server), IO_CUT);
}
END_TEST

START_TEST(what_is_no_tls_fails_and_says_so)
{
	static const char text[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

	ck_assert_int_eq(send(tls_stream_fd(client), text, sizeof(text) - 1,
	    MSG_NOSIGNAL), (ssize_t)(sizeof(text) - 1));
	ck_assert_int_eq(tls_stream_handshake(server), IO_FAILED);
	ck_assert_uint_gt(strlen(tls_stream_failure(server)), 0);
}
END_TEST

START_TEST(bytes_that_were_changed_on_the_way_fail)
{
	uint8_t bytes[64];
	size_t got;

	shake_hands();
	/* A record of application data that nobody has sealed. */
	memset(bytes, 'x', sizeof(bytes));
	memcpy(bytes, "\x17\x03\x03\x00\x3b", 5);
	ck_assert_int_eq(send(tls_stream_fd(client), bytes, sizeof(bytes),
	    MSG_NOSIGNAL), (ssize_t)sizeof(bytes));
	ck_assert_int_eq(tls_stream_read(server, bytes, sizeof(bytes), &got),
	    IO_FAILED);
	ck_assert_uint_eq(got, 0);
}
END_TEST

/* Have the client send new keys so many times, and nothing else. */
static void
update_keys(int times)
{
	SSL *ssl = tls_stream_ssl(client);

	for (int i = 0; i < times; i++) {
		ck_assert_int_eq(SSL_key_update(ssl,
		    SSL_KEY_UPDATE_NOT_REQUESTED), 1);
		ck_assert_int_eq(SSL_do_handshake(ssl), 1);
	}
	ck_assert_int_eq(tls_stream_flush(client), IO_OK);
}

START_TEST(keys_may_be_updated_between_data)
{
	uint8_t bytes[16];

	shake_hands();
	for (int i = 0; i < 10; i++) {
		update_keys(8);
		ck_assert_int_eq(tls_stream_write(client, "text", 4), IO_OK);
		ck_assert_int_eq(tls_stream_flush(client), IO_OK);
		ck_assert_uint_eq(read_all(server, bytes, sizeof(bytes), 16),
		    4);
	}
}
END_TEST

START_TEST(who_only_updates_keys_is_cut_off)
{
	uint8_t bytes[16];
	size_t got;

	shake_hands();
	update_keys(16);
	ck_assert_int_eq(tls_stream_read(server, bytes, sizeof(bytes), &got),
	    IO_WANT);
	/* They are counted over several calls, too. */
	update_keys(200);
	ck_assert_int_eq(tls_stream_read(server, bytes, sizeof(bytes), &got),
	    IO_FAILED);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		both_ends_agree_in_the_end,
		what_is_written_is_read_both_ways,
		big_writes_go_through_as_the_socket_takes_them,
		nothing_is_read_when_nothing_came,
		a_part_of_a_record_is_kept_for_later,
		what_was_written_waits_for_a_flush,
		there_is_room_until_the_other_side_stops_reading,
		close_notify_is_the_end,
		a_stream_without_close_notify_was_cut,
		who_writes_to_a_peer_that_is_gone_is_told,
		a_handshake_that_breaks_off_was_cut,
		what_is_no_tls_fails_and_says_so,
		bytes_that_were_changed_on_the_way_fail,
		keys_may_be_updated_between_data,
		who_only_updates_keys_is_cut_off,
		NULL
	};

	return check_main("tls_stream", tests, set_up, tear_down);
}
