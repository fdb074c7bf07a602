/* SPDX-License-Identifier: ISC */
/* A long upload that begins as a copy of a file. */
#include "config.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check_main.h"
#include "store_support.h"

#define MIB	DIGEST_PIECE
#define PIECES	4u

static struct store store;
static uint8_t *bytes;		/* of the file: no two pieces are the same */
static int basis = -1;

static void
set_up(void)
{
	size_t i;

	store_open(&store, DURABILITY_COMMIT);
	bytes = malloc(PIECES * MIB);
	ck_assert_ptr_nonnull(bytes);
	for (i = 0; i < PIECES * MIB; i++)
		bytes[i] = (uint8_t)(i * 7 + i / 65536);
	basis = openat(base_fd(store.base), "f", O_RDWR | O_CREAT | O_CLOEXEC,
	    0644);
	ck_assert_int_ne(basis, -1);
	ck_assert_int_eq(write(basis, bytes, PIECES * MIB), PIECES * MIB);
}

static void
tear_down(void)
{
	close(basis);
	free(bytes);
	ck_assert_int_eq(store_stages(&store), 0);
	store_close(&store);
}

static struct upload *
begin(uint64_t size)
{
	struct upload_plan plan = { .path = "/f", .user = "alice",
	    .has_size = true, .size = size };

	return store_begin(&store, &plan);
}

static void
copy_all(struct upload *upload)
{
	bool more = true;

	while (more)
		ck_assert_int_eq(upload_basis_step(upload, &more), STATUS_OK);
}

static struct upload *
begin_as_copy(uint64_t size, uint64_t length)
{
	struct upload *upload = begin(size);

	ck_assert_int_eq(upload_basis_begin(upload, basis, length),
	    STATUS_OK);
	copy_all(upload);
	return upload;
}

/* What is held, by its bits; each with the digest of the same bytes here. */
static unsigned int
held(struct upload *upload, const uint8_t *same, size_t size)
{
	uint8_t digest[DIGEST_SIZE];
	struct upload_run run;
	unsigned int found = 0;
	uint64_t next = 0;
	bool more = true;
	size_t i, at;

	while (more) {
		ck_assert_int_eq(upload_have(upload, &next, &run, &more),
		    STATUS_OK);
		for (i = 0; i < run.count; i++) {
			at = (run.first + i) * MIB;
			ck_assert_uint_lt(at, size);
			digest_of_piece(digest, same + at,
			    size - at < MIB ? size - at : MIB);
			ck_assert_mem_eq(run.digest[i], digest, DIGEST_SIZE);
			found |= 1u << (run.first + i);
		}
	}
	return found;
}

/* Commit it as these bytes, and see that they are there. */
static void
commit(struct upload *upload, const uint8_t *content, size_t size)
{
	struct upload_receipt receipt;
	uint8_t digest[DIGEST_SIZE];
	uint8_t *there = malloc(size);
	struct stat st;
	int fd;

	digest_of(digest, content, size);
	ck_assert_int_eq(upload_seal(upload, size, digest), STATUS_OK);
	ck_assert_int_eq(store_publish(&store, upload, &receipt), STATUS_OK);
	upload_free(upload);
	fd = openat(base_fd(store.base), "f", O_RDONLY | O_CLOEXEC);
	ck_assert(fd != -1 && fstat(fd, &st) == 0);
	ck_assert_uint_eq((size_t)st.st_size, size);
	ck_assert_int_eq(read(fd, there, size), (ssize_t)size);
	ck_assert_mem_eq(there, content, size);
	close(fd);
	free(there);
}

START_TEST(what_stands_there_is_held_and_need_not_come)
{
	struct upload *upload = begin_as_copy(PIECES * MIB, PIECES * MIB);

	ck_assert_uint_eq(held(upload, bytes, PIECES * MIB), 0xf);
	memset(bytes + MIB + 10, 'x', 1000);
	ck_assert_int_eq(upload_write(upload, MIB, bytes + MIB, MIB),
	    STATUS_OK);
	commit(upload, bytes, PIECES * MIB);
}
END_TEST

START_TEST(a_smaller_size_cuts_it)
{
	size_t size = 2 * MIB + 77;
	struct upload *upload = begin_as_copy(size, PIECES * MIB);

	ck_assert_uint_eq(held(upload, bytes, size), 0x7);
	commit(upload, bytes, size);
}
END_TEST

START_TEST(a_larger_size_extends_it_with_zeros)
{
	size_t size = 3 * MIB + 5;
	struct upload *upload;

	memset(bytes + MIB + 9, 0, size - MIB - 9);
	upload = begin_as_copy(size, MIB + 9);
	ck_assert_uint_eq(held(upload, bytes, size), 0x3);
	commit(upload, bytes, size);
}
END_TEST

START_TEST(a_file_that_is_cut_meanwhile_is_copied_as_far_as_it_goes)
{
	struct upload *upload;
	size_t size = PIECES * MIB;

	ck_assert_int_eq(ftruncate(basis, MIB + 9), 0);
	upload = begin_as_copy(size, size);
	memset(bytes + MIB + 9, 0, size - MIB - 9);
	ck_assert_uint_eq(held(upload, bytes, size) & 0x3, 0x3);
	commit(upload, bytes, size);
}
END_TEST

START_TEST(holes_are_no_data)
{
	struct upload *upload;
	struct stat st;

	ck_assert_int_eq(ftruncate(basis, 10), 0);
	ck_assert_int_eq(ftruncate(basis, PIECES * MIB), 0);
	ck_assert_int_eq(pwrite(basis, "data", 4, 2 * MIB + 100), 4);
	memset(bytes + 10, 0, PIECES * MIB - 10);
	memcpy(bytes + 2 * MIB + 100, "data", 4);
	upload = begin_as_copy(PIECES * MIB, PIECES * MIB);
	ck_assert_uint_eq(held(upload, bytes, PIECES * MIB), 0xf);
	ck_assert_int_eq(fstat(upload_fd(upload), &st), 0);
	ck_assert_int_lt(st.st_blocks * 512, MIB);
	commit(upload, bytes, PIECES * MIB);
}
END_TEST

START_TEST(it_takes_nothing_before_all_is_copied)
{
	uint8_t digest[DIGEST_SIZE];
	struct upload *upload = begin(PIECES * MIB);
	bool more;

	ck_assert_int_eq(upload_basis_begin(upload, basis, PIECES * MIB),
	    STATUS_OK);
	ck_assert_int_eq(upload_basis_step(upload, &more), STATUS_OK);
	ck_assert(more);
	ck_assert_int_eq(upload_write(upload, 0, "x", 1), STATUS_BAD_REQUEST);
	upload_free(upload);
	upload = begin(PIECES * MIB);
	ck_assert_int_eq(upload_basis_begin(upload, basis, PIECES * MIB),
	    STATUS_OK);
	digest_of(digest, bytes, PIECES * MIB);
	ck_assert_int_eq(upload_seal(upload, PIECES * MIB, digest),
	    STATUS_BAD_REQUEST);
	upload_free(upload);
}
END_TEST

START_TEST(one_that_is_left_before_all_is_copied_is_not_kept)
{
	struct upload *upload = begin(PIECES * MIB);
	bool more;

	ck_assert_int_eq(upload_basis_begin(upload, basis, PIECES * MIB),
	    STATUS_OK);
	ck_assert_int_eq(upload_basis_step(upload, &more), STATUS_OK);
	ck_assert(more);
	upload_free(upload);
	ck_assert_int_eq(store_records(&store), 0);
}
END_TEST

START_TEST(one_that_is_left_later_is_kept_with_what_was_copied)
{
	struct upload *upload = begin_as_copy(PIECES * MIB, PIECES * MIB);
	struct upload_ticket ticket = { .user = "alice" };
	struct upload_receipt receipt;

	memcpy(ticket.id, upload_id(upload), UPLOAD_ID_SIZE);
	ck_assert_int_eq(upload_write(upload, 0, "x", 1), STATUS_OK);
	upload_free(upload);
	ck_assert_int_eq(upload_resume(&upload, &store.place, &ticket,
	    &receipt), STATUS_OK);
	ck_assert_uint_eq(held(upload, bytes, PIECES * MIB), 0xe);
	upload_abandon(upload);
	upload_free(upload);
}
END_TEST

/* A segment of the second MiB. */
static enum status
join(struct upload **out, const uint8_t id[UPLOAD_ID_SIZE])
{
	struct upload_ticket ticket = { .user = "alice", .is_segment = true,
		.first = MIB, .end = 2 * MIB };
	struct upload_receipt receipt;

	memcpy(ticket.id, id, UPLOAD_ID_SIZE);
	return upload_resume(out, &store.place, &ticket, &receipt);
}

START_TEST(nobody_joins_before_all_is_copied_and_told)
{
	struct upload *upload = begin(PIECES * MIB), *segment;

	ck_assert_int_eq(upload_basis_begin(upload, basis, PIECES * MIB),
	    STATUS_OK);
	ck_assert_int_eq(join(&segment, upload_id(upload)), STATUS_BUSY);
	copy_all(upload);
	ck_assert_int_eq(join(&segment, upload_id(upload)), STATUS_BUSY);
	ck_assert_uint_eq(held(upload, bytes, PIECES * MIB), 0xf);
	ck_assert_int_eq(upload_share(upload), STATUS_OK);
	ck_assert_int_eq(join(&segment, upload_id(upload)), STATUS_OK);
	memset(bytes + MIB, 'x', MIB);
	ck_assert_int_eq(upload_write(segment, MIB, bytes + MIB, MIB),
	    STATUS_OK);
	upload_free(segment);
	commit(upload, bytes, PIECES * MIB);
}
END_TEST

START_TEST(nobody_joins_while_what_is_held_is_being_told)
{
	struct upload *upload = begin_as_copy(PIECES * MIB, PIECES * MIB);
	struct upload_ticket ticket = { .user = "alice" };
	struct upload_receipt receipt;
	struct upload *segment;

	memcpy(ticket.id, upload_id(upload), UPLOAD_ID_SIZE);
	upload_free(upload);
	ck_assert_int_eq(upload_resume(&upload, &store.place, &ticket,
	    &receipt), STATUS_OK);
	ck_assert_int_eq(join(&segment, ticket.id), STATUS_BUSY);
	ck_assert_int_eq(upload_share(upload), STATUS_OK);
	ck_assert_int_eq(join(&segment, ticket.id), STATUS_OK);
	upload_free(segment);
	upload_abandon(upload);
	upload_free(upload);
}
END_TEST

START_TEST(only_a_long_upload_has_a_basis)
{
	struct upload_plan plan = { .path = "/g", .user = "alice" };
	struct upload *upload = begin(UPLOAD_SMALL);

	ck_assert_int_eq(upload_basis_begin(upload, basis, MIB),
	    STATUS_BAD_REQUEST);
	upload_free(upload);
	upload = store_begin(&store, &plan);	/* of unknown size */
	ck_assert_int_eq(upload_basis_begin(upload, basis, MIB),
	    STATUS_BAD_REQUEST);
	upload_free(upload);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		what_stands_there_is_held_and_need_not_come,
		a_smaller_size_cuts_it,
		a_larger_size_extends_it_with_zeros,
		a_file_that_is_cut_meanwhile_is_copied_as_far_as_it_goes,
		holes_are_no_data,
		it_takes_nothing_before_all_is_copied,
		one_that_is_left_before_all_is_copied_is_not_kept,
		one_that_is_left_later_is_kept_with_what_was_copied,
		nobody_joins_before_all_is_copied_and_told,
		nobody_joins_while_what_is_held_is_being_told,
		only_a_long_upload_has_a_basis,
		NULL
	};

	return check_main("upload_basis", tests, set_up, tear_down);
}
