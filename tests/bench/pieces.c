/* SPDX-License-Identifier: ISC */
/*
 * pieces - what a local step of a transfer costs by the size of its pieces:
 * digesting 1 MiB at a time, reading a cached file, writing a new one.
 *
 * The digest is XXH3 of the shared library; compiled with XXH_INLINE_ALL, our
 * own copy; with XXH_DISPATCH, what the library has for this very processor.
 */
#include "config.h"

#include <sys/stat.h>

#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#if defined(XXH_DISPATCH) && defined(__x86_64__)
#include <xxh_x86dispatch.h>
#else
#include <xxhash.h>
#endif

#define KIB	 ((size_t)1024)
#define MIB	 (1024 * KIB)
#define TOTAL	 (256 * MIB)
#define ROUNDS	 9

/* One way of working through TOTAL bytes. */
struct step {
	const char *name;
	size_t	    piece;
	void	  (*run)(const struct step *, const char *, char *);
	int	    advice;	/* posix_fadvise before reading; -1: none */
};

/* So that no digest is optimized away. */
static volatile XXH64_hash_t kept;

static void
digest(const struct step *step, const char *path, char *buf)
{
	size_t off;

	(void)path;
	for (off = 0; off < TOTAL; off += step->piece)
		kept ^= XXH3_128bits(buf + off % (4 * MIB), step->piece).low64;
}

static void
digest_stream(const struct step *step, const char *path, char *buf)
{
	XXH3_state_t *state = XXH3_createState();
	size_t off;

	(void)path;
	if (state == NULL)
		err(1, "memory");
	for (off = 0; off < TOTAL; off += step->piece) {
		if (off % MIB == 0)
			(void)XXH3_128bits_reset(state);
		(void)XXH3_128bits_update(state, buf + off % (4 * MIB),
		    step->piece);
		if ((off + step->piece) % MIB == 0)
			kept ^= XXH3_128bits_digest(state).low64;
	}
	(void)XXH3_freeState(state);
}

static int
open_or_die(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);

	if (fd == -1)
		err(1, "%s", path);
	return fd;
}

static void
write_at(int fd, const char *path, const char *buf, size_t piece)
{
	size_t off;

	for (off = 0; off < TOTAL; off += piece)
		if (pwrite(fd, buf, piece, (off_t)off) != (ssize_t)piece)
			err(1, "%s", path);
	if (close(fd) == -1)
		err(1, "%s", path);
}

static void
write_new(const struct step *step, const char *path, char *buf)
{
	if (unlink(path) == -1)
		err(1, "%s", path);
	write_at(open_or_die(path, O_WRONLY | O_CREAT | O_EXCL), path, buf,
	    step->piece);
}

static void
write_allocated(const struct step *step, const char *path, char *buf)
{
	int fd;

	if (unlink(path) == -1)
		err(1, "%s", path);
	fd = open_or_die(path, O_WRONLY | O_CREAT | O_EXCL);
	if (fallocate(fd, 0, 0, (off_t)TOTAL) == -1)
		err(1, "%s", path);
	write_at(fd, path, buf, step->piece);
}

/* Allocate 8 MiB ahead of the writes instead of all at once. */
static void
write_ahead(const struct step *step, const char *path, char *buf)
{
	size_t off;
	int fd;

	if (unlink(path) == -1)
		err(1, "%s", path);
	fd = open_or_die(path, O_WRONLY | O_CREAT | O_EXCL);
	for (off = 0; off < TOTAL; off += step->piece) {
		if (off % (8 * MIB) == 0 && fallocate(fd, FALLOC_FL_KEEP_SIZE,
		    (off_t)off, (off_t)(8 * MIB)) == -1)
			err(1, "%s", path);
		if (pwrite(fd, buf, step->piece, (off_t)off) !=
		    (ssize_t)step->piece)
			err(1, "%s", path);
	}
	if (close(fd) == -1)
		err(1, "%s", path);
}

static void
overwrite(const struct step *step, const char *path, char *buf)
{
	write_at(open_or_die(path, O_WRONLY), path, buf, step->piece);
}

static void
read_cached(const struct step *step, const char *path, char *buf)
{
	int fd = open_or_die(path, O_RDONLY);
	size_t off;

	if (step->advice != -1 &&
	    posix_fadvise(fd, 0, 0, step->advice) != 0)
		errx(1, "posix_fadvise");
	for (off = 0; off < TOTAL; off += step->piece)
		if (pread(fd, buf, step->piece, (off_t)off) !=
		    (ssize_t)step->piece)
			err(1, "%s", path);
	(void)close(fd);
}

static const struct step steps[] = {
	{ "XXH3 128, one call per piece", 1024 * KIB, digest, -1 },
	{ "XXH3 128, streaming", 256 * KIB, digest_stream, -1 },
	{ "XXH3 128, streaming", 64 * KIB, digest_stream, -1 },
	{ "XXH3 128, streaming", 16 * KIB, digest_stream, -1 },
	{ "XXH3 128, one call per piece", 4 * KIB, digest, -1 },
	{ "pwrite, new file", 16 * KIB, write_new, -1 },
	{ "pwrite, new file", 64 * KIB, write_new, -1 },
	{ "pwrite, new file", 256 * KIB, write_new, -1 },
	{ "pwrite, new file", 1024 * KIB, write_new, -1 },
	{ "pwrite, fallocate of all first", 256 * KIB, write_allocated, -1 },
	{ "pwrite, fallocate 8 MiB ahead", 256 * KIB, write_ahead, -1 },
	{ "pwrite, in place", 256 * KIB, overwrite, -1 },
	{ "pread, cached", 16 * KIB, read_cached, -1 },
	{ "pread, cached", 64 * KIB, read_cached, -1 },
	{ "pread, cached", 128 * KIB, read_cached, -1 },
	{ "pread, cached", 256 * KIB, read_cached, -1 },
	{ "pread, cached", 1024 * KIB, read_cached, -1 },
	{ "pread, cached, sequential", 256 * KIB, read_cached,
	    POSIX_FADV_SEQUENTIAL },
	{ "pread, cached, willneed", 256 * KIB, read_cached,
	    POSIX_FADV_WILLNEED },
};

#define STEPS	 (sizeof(steps) / sizeof(steps[0]))

static double
now(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_MONOTONIC, &ts) == -1)
		err(1, "clock");
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static int
by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int
main(int argc, char **argv)
{
	static double took[STEPS][ROUNDS];
	const char *path = argc > 1 ? argv[1] : "/dev/shm/pieces";
	char *buf = aligned_alloc(4096, 4 * MIB);
	size_t i, round;
	double start;

	if (argc > 2) {
		fputs("usage: pieces [FILE]\n", stderr);
		return 64;
	}
	if (buf == NULL)
		err(1, "memory");
	memset(buf, 0x5a, 4 * MIB);
	write_at(open_or_die(path, O_WRONLY | O_CREAT | O_EXCL), path, buf,
	    MIB);
	for (round = 0; round < ROUNDS; round++)
		for (i = 0; i < STEPS; i++) {
			start = now();
			steps[i].run(&steps[i], path, buf);
			took[i][round] = now() - start;
		}
	for (i = 0; i < STEPS; i++) {
		qsort(took[i], ROUNDS, sizeof(took[i][0]), by_value);
		printf("%-32s %5zu KiB %7.2f GB/s\n", steps[i].name,
		    steps[i].piece / KIB,
		    (double)TOTAL / 1e9 / took[i][ROUNDS / 2]);
	}
	free(buf);
	return unlink(path) == 0 ? 0 : 1;
}
