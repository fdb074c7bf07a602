/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "check_main.h"
#include "mailbox.h"

#define POSTERS	4
#define LETTERS	5000

struct note {
	struct letter	 letter;
	unsigned int	 poster, number;
};

static atomic_uint dropped, woken;

static void
drop(struct letter *letter)
{
	atomic_fetch_add(&dropped, 1);
	free(letter);
}

static void
wake(void *ctx)
{
	(void)ctx;
	atomic_fetch_add(&woken, 1);
}

static void
set_up(void)
{
	atomic_store(&dropped, 0);
	atomic_store(&woken, 0);
}

static void
tear_down(void)
{
}

static void
post(struct mailbox *mailbox, unsigned int poster, unsigned int number)
{
	struct note *note = calloc(1, sizeof(*note));

	ck_assert_ptr_nonnull(note);
	note->letter.drop = drop;
	note->poster = poster;
	note->number = number;
	mailbox_post(mailbox, &note->letter);
}

static unsigned int
take(struct mailbox *mailbox)
{
	struct note *note = (struct note *)mailbox_take(mailbox);
	unsigned int number;

	ck_assert_ptr_nonnull(note);
	number = note->number;
	free(note);
	return number;
}

START_TEST(letters_come_in_the_order_of_their_posting)
{
	struct mailbox *mailbox = mailbox_new(wake, NULL);

	post(mailbox, 0, 1);
	post(mailbox, 0, 2);
	ck_assert_uint_eq(take(mailbox), 1);
	post(mailbox, 0, 3);
	ck_assert_uint_eq(take(mailbox), 2);
	ck_assert_uint_eq(take(mailbox), 3);
	ck_assert_ptr_null(mailbox_take(mailbox));
	post(mailbox, 0, 4);
	ck_assert_uint_eq(take(mailbox), 4);
	ck_assert_uint_eq(woken, 4);
	mailbox_unref(mailbox);
}
END_TEST

START_TEST(a_letter_to_a_closed_box_is_dropped_and_wakes_nobody)
{
	struct mailbox *mailbox = mailbox_new(wake, NULL);

	mailbox_close(mailbox);
	post(mailbox, 0, 1);
	ck_assert_uint_eq(dropped, 1);
	ck_assert_uint_eq(woken, 0);
	ck_assert_ptr_null(mailbox_take(mailbox));
	mailbox_unref(mailbox);
}
END_TEST

START_TEST(letters_that_were_not_taken_are_dropped_with_the_box)
{
	struct mailbox *mailbox = mailbox_new(wake, NULL);

	post(mailbox, 0, 1);
	post(mailbox, 0, 2);
	ck_assert_ptr_eq(mailbox_ref(mailbox), mailbox);
	mailbox_unref(mailbox);
	ck_assert_uint_eq(dropped, 0);
	mailbox_unref(mailbox);
	ck_assert_uint_eq(dropped, 2);
}
END_TEST

/* As batches do. */
struct holder {
	struct letter	 letter;
	struct mailbox	*mailbox;	/* owned reference */
};

static void
drop_holder(struct letter *letter)
{
	mailbox_unref(((struct holder *)letter)->mailbox);
	drop(letter);
}

START_TEST(a_letter_that_holds_its_box_does_not_keep_it)
{
	struct mailbox *mailbox = mailbox_new(wake, NULL);
	struct holder *holder = calloc(1, sizeof(*holder));

	ck_assert_ptr_nonnull(holder);
	holder->letter.drop = drop_holder;
	holder->mailbox = mailbox_ref(mailbox);
	mailbox_post(mailbox, &holder->letter);
	mailbox_close(mailbox);
	ck_assert_uint_eq(dropped, 1);
	mailbox_unref(mailbox);
}
END_TEST

/* A poster, who holds a reference as the lines do. */
struct poster {
	struct mailbox	*mailbox;	/* owned reference */
	unsigned int	 number;
};

static void *
post_many(void *ctx)
{
	struct poster *poster = ctx;

	for (unsigned int i = 0; i < LETTERS; i++)
		post(poster->mailbox, poster->number, i);
	mailbox_unref(poster->mailbox);
	return NULL;
}

static void
start(struct poster *posters, pthread_t *threads, struct mailbox *mailbox)
{
	for (unsigned int i = 0; i < POSTERS; i++) {
		posters[i].mailbox = mailbox_ref(mailbox);
		posters[i].number = i;
		ck_assert_int_eq(pthread_create(&threads[i], NULL, post_many,
		    &posters[i]), 0);
	}
}

static void
join(pthread_t *threads)
{
	for (unsigned int i = 0; i < POSTERS; i++)
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
}

START_TEST(nothing_is_lost_while_many_post)
{
	struct mailbox *mailbox = mailbox_new(wake, NULL);
	unsigned int next[POSTERS] = { 0 }, got = 0;
	struct poster posters[POSTERS];
	pthread_t threads[POSTERS];
	struct note *note;

	start(posters, threads, mailbox);
	while (got < POSTERS * LETTERS) {
		if ((note = (struct note *)mailbox_take(mailbox)) == NULL)
			continue;
		ck_assert_uint_eq(note->number, next[note->poster]++);
		free(note);
		got++;
	}
	join(threads);
	ck_assert_uint_eq(woken, POSTERS * LETTERS);
	ck_assert_uint_eq(dropped, 0);
	mailbox_unref(mailbox);
}
END_TEST

START_TEST(nobody_is_woken_once_the_box_is_closed)
{
	struct mailbox *mailbox = mailbox_new(wake, NULL);
	struct poster posters[POSTERS];
	pthread_t threads[POSTERS];
	unsigned int before, taken = 0;
	struct letter *letter;

	start(posters, threads, mailbox);
	while (taken < LETTERS / 10)
		if ((letter = mailbox_take(mailbox)) != NULL) {
			free(letter);
			taken++;
		}
	mailbox_close(mailbox);
	before = atomic_load(&woken);
	/* The posters may be the last to hold it. */
	mailbox_unref(mailbox);
	join(threads);
	ck_assert_uint_eq(woken, before);
	ck_assert_uint_eq(dropped + taken, POSTERS * LETTERS);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		letters_come_in_the_order_of_their_posting,
		a_letter_to_a_closed_box_is_dropped_and_wakes_nobody,
		letters_that_were_not_taken_are_dropped_with_the_box,
		a_letter_that_holds_its_box_does_not_keep_it,
		nothing_is_lost_while_many_post,
		nobody_is_woken_once_the_box_is_closed,
		NULL
	};

	return check_main("mailbox", tests, set_up, tear_down);
}
