/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check_main.h"
#include "listing.h"
#include "store_support.h"

static struct store store;

static void
set_up(void)
{
	store_open(&store, DURABILITY_ASYNC);
}

static void
tear_down(void)
{
	store_close(&store);
}

static int
compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* All that is listed, in the order of the bytes: "d:name,f:name," */
static const char *
list(const char *path)
{
	static char text[2048];
	const struct listing_entry *entry;
	struct listing *listing;
	char *names[64];
	int count = 0, i;

	text[0] = '\0';
	if (listing_begin(&listing, &store.place, path) != STATUS_OK)
		return "failed";
	while (listing_next(listing, &entry) == STATUS_OK && entry != NULL) {
		ck_assert_int_lt(count, 64);
		ck_assert_int_ne(asprintf(&names[count++], "%s:%c,",
		    entry->name, S_ISDIR(entry->st.st_mode) ? 'd' :
		    S_ISREG(entry->st.st_mode) ? 'f' :
		    S_ISLNK(entry->st.st_mode) ? 'l' : 'o'), -1);
	}
	listing_end(listing);
	qsort(names, (size_t)count, sizeof(names[0]), compare);
	for (i = 0; i < count; i++) {
		strcat(text, names[i]);
		free(names[i]);
	}
	return text;
}

static enum status
begin_status(const char *path)
{
	struct listing *listing;
	enum status st;

	st = listing_begin(&listing, &store.place, path);
	listing_end(listing);
	return st;
}

START_TEST(names_are_listed_with_what_they_are)
{
	store_mkdir(&store, "d");
	store_put(&store, "f", "12345");
	store_put(&store, "d/in", "");
	store_link(&store, "f", "l");
	store_link(&store, "/etc", "out");
	ck_assert_int_eq(mkfifoat(base_fd(store.base), "p", 0600), 0);
	ck_assert_str_eq(list("/"), "d:d,f:f,l:l,out:l,p:o,");
	ck_assert_str_eq(list("/d"), "in:f,");
}
END_TEST

START_TEST(the_size_is_that_of_the_name_itself)
{
	const struct listing_entry *entry;
	struct listing *listing;

	store_put(&store, "f", "12345");
	ck_assert_int_eq(listing_begin(&listing, &store.place, "/"),
	    STATUS_OK);
	ck_assert_int_eq(listing_next(listing, &entry), STATUS_OK);
	ck_assert_ptr_nonnull(entry);
	ck_assert_int_eq(entry->st.st_size, 5);
	ck_assert_int_eq(listing_next(listing, &entry), STATUS_OK);
	ck_assert_ptr_null(entry);
	ck_assert_int_eq(listing_next(listing, &entry), STATUS_OK);
	ck_assert_ptr_null(entry);
	listing_end(listing);
}
END_TEST

START_TEST(a_file_is_a_listing_of_one)
{
	store_put(&store, "f", "x");
	store_mkdir(&store, "d");
	store_link(&store, "f", "l");
	store_link(&store, "nowhere", "d/broken");
	store_link(&store, "d", "to-d");
	store_link(&store, "/etc", "out");
	ck_assert_str_eq(list("/f"), "f:f,");
	ck_assert_str_eq(list("/l"), "l:l,");
	ck_assert_str_eq(list("/d/broken"), "broken:l,");
	ck_assert_str_eq(list("/out"), "out:l,");
	ck_assert_str_eq(list("/to-d"), "broken:l,");
}
END_TEST

START_TEST(what_is_not_there_is_told)
{
	store_put(&store, "f", "x");
	ck_assert_int_eq(begin_status("/no"), STATUS_NOT_FOUND);
	ck_assert_int_eq(begin_status("/no/no"), STATUS_NOT_FOUND);
	ck_assert_int_eq(begin_status("/f/x"), STATUS_NOT_A_FOLDER);
}
END_TEST

START_TEST(the_private_folder_is_not_listed)
{
	store_mkdir(&store, "d");
	ck_assert_str_eq(list("/"), "d:d,");
	ck_assert_int_eq(begin_status("/.ftserver"), STATUS_NOT_FOUND);
	ck_assert_int_eq(begin_status("/.FTSERVER"), STATUS_NOT_FOUND);
	ck_assert_int_eq(begin_status("/.ftserver/names/00"),
	    STATUS_NOT_FOUND);
	ck_assert_int_eq(renameat(base_fd(store.base), ".ftserver",
	    base_fd(store.base), "d/else"), 0);
	ck_assert_str_eq(list("/d"), "");
}
END_TEST

START_TEST(strange_names_keep_their_bytes)
{
	char name[256];

	memset(name, 'n', 255);
	name[255] = '\0';
	store_put(&store, name, "");
	store_put(&store, "\xff\n\033", "");
	ck_assert_int_eq(strncmp(list("/"), name, 255), 0);
	ck_assert_ptr_nonnull(strstr(list("/"), ",\xff\n\033:f,"));
}
END_TEST

START_TEST(a_folder_that_is_removed_meanwhile_ends_cleanly)
{
	const struct listing_entry *entry;
	struct listing *listing;

	store_mkdir(&store, "d");
	ck_assert_int_eq(listing_begin(&listing, &store.place, "/d"),
	    STATUS_OK);
	ck_assert_int_eq(unlinkat(base_fd(store.base), "d", AT_REMOVEDIR), 0);
	ck_assert_int_eq(listing_next(listing, &entry), STATUS_OK);
	ck_assert_ptr_null(entry);
	listing_end(listing);
}
END_TEST

#define MANY 5000

START_TEST(each_of_many_comes_once_while_others_vanish)
{
	const struct listing_entry *entry;
	bool seen[MANY] = { false };
	struct listing *listing;
	char name[16];
	int i;

	store_mkdir(&store, "d");
	for (i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "d/%d", i);
		store_put(&store, name, "");
	}
	ck_assert_int_eq(listing_begin(&listing, &store.place, "/d"),
	    STATUS_OK);
	ck_assert_int_eq(listing_next(listing, &entry), STATUS_OK);
	ck_assert_ptr_nonnull(entry);
	seen[atoi(entry->name)] = true;
	/* Half of what was not told yet is taken away. */
	for (i = 0; i < MANY; i += 2) {
		snprintf(name, sizeof(name), "d/%d", i);
		ck_assert_int_eq(unlinkat(base_fd(store.base), name, 0), 0);
	}
	while (listing_next(listing, &entry) == STATUS_OK && entry != NULL) {
		ck_assert(!seen[atoi(entry->name)]);
		ck_assert_int_eq(atoi(entry->name) % 2, 1);
		seen[atoi(entry->name)] = true;
	}
	listing_end(listing);
	for (i = 1; i < MANY; i += 2)
		ck_assert(seen[i]);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		names_are_listed_with_what_they_are,
		the_size_is_that_of_the_name_itself,
		a_file_is_a_listing_of_one,
		what_is_not_there_is_told,
		the_private_folder_is_not_listed,
		strange_names_keep_their_bytes,
		a_folder_that_is_removed_meanwhile_ends_cleanly,
		each_of_many_comes_once_while_others_vanish,
		NULL
	};

	return check_main("listing", tests, set_up, tear_down);
}
