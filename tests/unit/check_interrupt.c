/* SPDX-License-Identifier: ISC */
/* Signals that were seen by one who then waits: he does not wait for ever. */
#include "config.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/ssl.h>

#include "check_main.h"
#include "dial.h"
#include "interrupt.h"
#include "wire_state.h"

static struct interrupt *signals;
static SSL_CTX *context;
static struct wire *wire;
static int fds[2];		/* the first is the wire's; nobody writes */

static void
set_up(void)
{
	ck_assert_int_eq(socketpair(AF_UNIX,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
	ck_assert_ptr_nonnull(context = SSL_CTX_new(TLS_client_method()));
	ck_assert_int_eq(wire_new(&wire, context, fds[0]), STATUS_OK);
	ck_assert_int_eq(interrupt_begin(&signals), STATUS_OK);
	wire_interrupt_by(wire, signals);
}

static void
tear_down(void)
{
	wire_free(wire);
	interrupt_end(signals);
	SSL_CTX_free(context);
	close(fds[1]);
}

/* It comes, and somebody asks whether it has. */
static void
see(int number)
{
	ck_assert_int_eq(kill(getpid(), number), 0);
	ck_assert_int_eq(interrupt_caught(signals), number);
}

START_TEST(who_saw_it_does_not_wait)
{
	see(SIGINT);
	ck_assert_int_eq(interrupt_sleep(signals, -1), STATUS_CANCELLED);
	ck_assert_int_eq(interrupt_wait(signals, fds[1]), STATUS_CANCELLED);
	interrupt_forget(signals);
	ck_assert_int_eq(interrupt_sleep(signals, 1), STATUS_OK);
}
END_TEST

/* One ctrl-C lets the server answer. */
START_TEST(a_server_is_waited_for_only_without_haste)
{
	see(SIGINT);
	ck_assert_int_eq(wire_wait_for_socket(wire, -1, 1), STATUS_OK);
	see(SIGINT);
	ck_assert_int_eq(wire_wait_for_socket(wire, -1, -1),
	    STATUS_CANCELLED);
	interrupt_forget(signals);
	ck_assert_int_eq(wire_wait_for_socket(wire, -1, 1), STATUS_OK);
	see(SIGTERM);
	ck_assert_int_eq(wire_wait_for_socket(wire, -1, -1),
	    STATUS_CANCELLED);
}
END_TEST

START_TEST(who_is_patient_waits_after_one)
{
	interrupt_be_patient(signals, true);
	ck_assert_int_eq(kill(getpid(), SIGTERM), 0);
	ck_assert(interrupt_is_pending(signals));
	ck_assert(!interrupt_is_urgent(signals));
	ck_assert_int_eq(wire_wait_for_socket(wire, -1, 1), STATUS_OK);
	ck_assert_int_eq(interrupt_sleep(signals, 1), STATUS_OK);
}
END_TEST

/* Who dials such a port waits: it has no room for one more. */
static void
listen_in_vain(int callers[4], int *listener, char port[8])
{
	struct sockaddr_in address = { .sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(address);
	int i;

	*listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(*listener, (struct sockaddr *)&address, len), 0);
	ck_assert_int_eq(listen(*listener, 0), 0);
	ck_assert_int_eq(getsockname(*listener, (struct sockaddr *)&address,
	    &len), 0);
	snprintf(port, 8, "%u", ntohs(address.sin_port));
	for (i = 0; i < 4; i++) {
		callers[i] = socket(AF_INET,
		    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		(void)connect(callers[i], (struct sockaddr *)&address, len);
	}
}

START_TEST(who_saw_it_waits_for_no_connection)
{
	int callers[4], listener, fd, i;
	char port[8];

	listen_in_vain(callers, &listener, port);
	ck_assert_int_eq(dial(&fd, "127.0.0.1", port, 50, signals),
	    STATUS_UNREACHABLE);
	see(SIGINT);
	ck_assert_int_eq(dial(&fd, "127.0.0.1", port, 3600000, signals),
	    STATUS_CANCELLED);
	for (i = 0; i < 4; i++)
		close(callers[i]);
	close(listener);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		who_saw_it_does_not_wait,
		a_server_is_waited_for_only_without_haste,
		who_is_patient_waits_after_one,
		who_saw_it_waits_for_no_connection,
		NULL
	};

	return check_main("interrupt", tests, set_up, tear_down);
}
