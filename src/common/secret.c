/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "secret.h"

#include <sys/stat.h>

#include <openssl/crypto.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* What may end or stop the program while the echo is off. */
static const int signals[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP,
	SIGTTIN, SIGTTOU };
#define SIGNALS (sizeof(signals) / sizeof(signals[0]))

static volatile sig_atomic_t caught;

struct prompt {
	int		 fd;
	struct termios	 terminal;		/* as we found it */
	sigset_t	 mask;			/* likewise */
	struct sigaction actions[SIGNALS];	/* likewise */
};

static void
catch(int number)
{
	caught = number;
}

void
secret_wipe(struct secret *s)
{
	OPENSSL_cleanse(s, sizeof(*s));
}

/*
 * One byte at a time, for what follows the line is not ours; `mask` is that
 * of the wait, NULL for a plain read.
 */
static ssize_t
read_byte(int fd, char *byte, const sigset_t *mask)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	ssize_t n;

	do {
		if (mask != NULL && ppoll(&ready, 1, NULL, mask) == -1) {
			n = -1;
			if (caught != 0)
				break;
			continue;
		}
		n = read(fd, byte, 1);
	} while (n == -1 && errno == EINTR);
	return n;
}

static enum status
judge(bool too_long, bool has_nul, const char *name)
{
	if (too_long)
		return status_set(STATUS_USAGE,
		    "%s: a password has at most %d bytes", name, SECRET_MAX);
	if (has_nul)
		return status_set(STATUS_USAGE,
		    "%s: a password cannot hold a NUL byte", name);
	return STATUS_OK;
}

/* A line that is refused is read to its end all the same. */
static enum status
read_line(struct secret *out, int fd, const char *name, const sigset_t *mask)
{
	bool too_long = false, has_nul = false;
	char byte = '\0';
	size_t n = 0;
	ssize_t got;

	while ((got = read_byte(fd, &byte, mask)) == 1 && byte != '\n') {
		has_nul |= byte == '\0';
		too_long |= n == SECRET_MAX;
		if (!too_long)
			out->bytes[n++] = byte;
	}
	OPENSSL_cleanse(&byte, sizeof(byte));
	out->bytes[n] = '\0';
	out->len = n;
	if (got == -1 && caught == 0)
		return status_errno("read %s", name);
	if (got == -1 || (got == 0 && n == 0 && mask != NULL))
		return status_set(STATUS_CANCELLED, "no password was given");
	return judge(too_long, has_nul, name);
}

static void
hold_signals(struct prompt *p)
{
	struct sigaction action = { .sa_handler = catch };
	sigset_t held;
	size_t i;

	sigemptyset(&action.sa_mask);
	sigemptyset(&held);
	for (i = 0; i < SIGNALS; i++)
		sigaddset(&held, signals[i]);
	sigprocmask(SIG_BLOCK, &held, &p->mask);
	caught = 0;
	for (i = 0; i < SIGNALS; i++) {
		sigaction(signals[i], NULL, &p->actions[i]);
		if (p->actions[i].sa_handler != SIG_IGN)
			sigaction(signals[i], &action, NULL);
	}
}

static void
release_signals(struct prompt *p)
{
	int number = caught;
	size_t i;

	for (i = 0; i < SIGNALS; i++)
		sigaction(signals[i], &p->actions[i], NULL);
	if (number != 0)
		raise(number);
	sigprocmask(SIG_SETMASK, &p->mask, NULL);
}

/* In the background the terminal is somebody else's: stop until it is ours. */
static enum status
come_to_the_foreground(int fd)
{
	if (tcgetpgrp(fd) != getpgrp())
		raise(SIGTTIN);
	if (tcgetpgrp(fd) != getpgrp())
		return status_set(STATUS_USAGE,
		    "cannot ask for a password in the background");
	return STATUS_OK;
}

static bool
say(int fd, const char *text)
{
	size_t len = strlen(text);

	return write(fd, text, len) == (ssize_t)len;
}

static enum status
ask_without_echo(struct secret *out, struct prompt *p, const char *text)
{
	struct termios silent = p->terminal;
	enum status st;

	silent.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
	silent.c_lflag |= ICANON | ISIG;
	/* TCSAFLUSH drops what was typed ahead, while the echo was on. */
	if (tcsetattr(p->fd, TCSAFLUSH, &silent) == -1)
		return status_errno("turn the terminal's echo off");
	if (say(p->fd, text))
		st = read_line(out, p->fd, "terminal", &p->mask);
	else
		st = status_errno("write to the terminal");
	say(p->fd, "\n");
	if (tcsetattr(p->fd, TCSAFLUSH, &p->terminal) == -1 && st == STATUS_OK)
		st = status_errno("turn the terminal's echo on");
	return st;
}

static enum status
ask(struct secret *out, int fd, const char *text)
{
	struct prompt p = { .fd = fd };
	enum status st;
	bool stopped;

	do {
		if ((st = come_to_the_foreground(fd)) != STATUS_OK)
			return st;
		if (tcgetattr(fd, &p.terminal) == -1)
			return status_errno("terminal");
		hold_signals(&p);
		st = ask_without_echo(out, &p, text);
		stopped = caught == SIGTSTP || caught == SIGTTIN ||
		    caught == SIGTTOU;
		release_signals(&p);
	} while (st == STATUS_CANCELLED && stopped);
	return st;
}

static int
open_terminal(void)
{
	return open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
}

bool
secret_can_ask(void)
{
	int fd = open_terminal();

	if (fd != -1)
		close(fd);
	return fd != -1;
}

enum status
secret_ask(struct secret *out, const char *prompt, const char *again)
{
	struct secret second = { 0 };
	enum status st;
	int fd;

	secret_wipe(out);
	if ((fd = open_terminal()) == -1)
		return status_set(STATUS_USAGE,
		    "no terminal to ask for a password on: use "
		    "--password-file FILE");
	st = ask(out, fd, prompt);
	if (st == STATUS_OK && again != NULL)
		st = ask(&second, fd, again);
	if (st == STATUS_OK && again != NULL && (second.len != out->len ||
	    CRYPTO_memcmp(second.bytes, out->bytes, out->len) != 0))
		st = status_set(STATUS_USAGE, "the passwords differ");
	secret_wipe(&second);
	if (st != STATUS_OK)
		secret_wipe(out);
	close(fd);
	return st;
}

enum status
secret_read_file(struct secret *out, const char *path)
{
	struct stat sb;
	enum status st;
	int fd;

	secret_wipe(out);
	/* O_NONBLOCK: a FIFO is refused below, not waited for. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd == -1)
		return status_errno("%s", path);
	if (fstat(fd, &sb) == -1)
		st = status_errno("%s", path);
	else if (!S_ISREG(sb.st_mode))
		st = status_set(STATUS_NOT_A_FILE, "%s: not a regular file",
		    path);
	else if ((sb.st_mode & 077) != 0)
		st = status_set(STATUS_CONFIG, "%s: others can read or write "
		    "this password: chmod 600 %s", path, path);
	else
		st = secret_read_fd(out, fd, path);
	close(fd);
	return st;
}

enum status
secret_take_line(struct secret *out, const char *bytes, size_t len,
    const char *name)
{
	const char *newline = memchr(bytes, '\n', len);
	enum status st;

	secret_wipe(out);
	if (newline != NULL)
		len = (size_t)(newline - bytes);
	st = judge(len > SECRET_MAX, memchr(bytes, '\0', len) != NULL, name);
	if (st != STATUS_OK)
		return st;
	memcpy(out->bytes, bytes, len);
	out->len = len;
	return STATUS_OK;
}

enum status
secret_read_fd(struct secret *out, int fd, const char *name)
{
	enum status st;

	secret_wipe(out);
	if ((st = read_line(out, fd, name, NULL)) != STATUS_OK)
		secret_wipe(out);
	return st;
}
