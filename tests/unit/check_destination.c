/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "check_main.h"
#include "destination.h"

static struct destination to;

static void
parse(const char *text)
{
	ck_assert_int_eq(destination_parse(&to, text), STATUS_OK);
}

static void
refuse(const char *text, const char *words)
{
	ck_assert_int_eq(destination_parse(&to, text), STATUS_USAGE);
	ck_assert_ptr_nonnull(strstr(status_text(STATUS_USAGE), words));
}

START_TEST(a_host_alone_is_enough)
{
	parse("files.example.org");
	ck_assert_str_eq(to.user, "");
	ck_assert_str_eq(to.host, "files.example.org");
	ck_assert_str_eq(to.port, "4433");
	ck_assert_str_eq(to.path, "");
}
END_TEST

START_TEST(user_port_and_path_are_told_apart)
{
	parse("jo@host:2121/some/where:else@home");
	ck_assert_str_eq(to.user, "jo");
	ck_assert_str_eq(to.host, "host");
	ck_assert_str_eq(to.port, "2121");
	ck_assert_str_eq(to.path, "/some/where:else@home");
}
END_TEST

START_TEST(a_user_may_have_an_at_sign)
{
	parse("jo@example.org@host");
	ck_assert_str_eq(to.user, "jo@example.org");
	ck_assert_str_eq(to.host, "host");
}
END_TEST

START_TEST(an_ipv6_address_stands_in_brackets)
{
	char name[DESTINATION_NAME_SIZE];

	parse("jo@[2001:db8::1]:99/x");
	ck_assert_str_eq(to.host, "2001:db8::1");
	ck_assert_str_eq(to.port, "99");
	ck_assert_str_eq(to.path, "/x");
	destination_name(name, &to);
	ck_assert_str_eq(name, "[2001:db8::1]:99");
	parse("[::1]");
	ck_assert_str_eq(to.port, "4433");
	refuse("::1", "brackets");
	refuse("[::1", "]");
	refuse("[::1]x", "]");
}
END_TEST

START_TEST(a_url_is_decoded)
{
	parse("fts://j%6f%40x@host:1/a%20b%2fc%ff");
	ck_assert_str_eq(to.user, "jo@x");
	ck_assert_str_eq(to.host, "host");
	ck_assert_str_eq(to.port, "1");
	ck_assert_str_eq(to.path, "/a b/c\xff");
	parse("FTS://[::1]/");
	ck_assert_str_eq(to.host, "::1");
	ck_assert_str_eq(to.path, "/");
}
END_TEST

START_TEST(what_is_no_url_is_not_decoded)
{
	parse("host/a%20b");
	ck_assert_str_eq(to.path, "/a%20b");
}
END_TEST

START_TEST(a_broken_escape_is_refused)
{
	refuse("fts://host/a%2", "%XX");
	refuse("fts://host/%zz", "%XX");
	refuse("fts://host/%00", "%XX");
}
END_TEST

START_TEST(other_schemes_are_refused)
{
	refuse("http://host", "fts://");
	refuse("ftp://host/x", "fts://");
}
END_TEST

START_TEST(a_password_has_no_place_in_a_url)
{
	refuse("fts://jo:secret@host", "--password-file");
	ck_assert_ptr_null(strstr(status_text(STATUS_USAGE), "secret"));
}
END_TEST

START_TEST(ports_are_numbers_in_their_range)
{
	refuse("host:0", "port");
	refuse("host:65536", "port");
	refuse("host:99999999999999999999", "port");
	refuse("host:ssh", "port");
	refuse("host:-1", "port");
	parse("host:65535");
	parse("host:");
	ck_assert_str_eq(to.port, "4433");
}
END_TEST

START_TEST(something_has_to_be_there)
{
	refuse("", "host");
	refuse("@host", "user");
	refuse("jo@", "host");
	refuse("/path", "host");
	refuse(":99", "host");
}
END_TEST

START_TEST(what_is_too_long_is_refused)
{
	static char text[FT1_PATH_MAX + 300];

	memset(text, 'a', 256);
	refuse(text, "too long");
	memcpy(text, "h/", 2);
	memset(text + 2, 'a', FT1_PATH_MAX);
	refuse(text, "too long");
	text[FT1_PATH_MAX + 1] = '\0';
	parse(text);
}
END_TEST

int
main(void)
{
	const TTest *tests[] = {
		a_host_alone_is_enough,
		user_port_and_path_are_told_apart,
		a_user_may_have_an_at_sign,
		an_ipv6_address_stands_in_brackets,
		a_url_is_decoded,
		what_is_no_url_is_not_decoded,
		a_broken_escape_is_refused,
		other_schemes_are_refused,
		a_password_has_no_place_in_a_url,
		ports_are_numbers_in_their_range,
		something_has_to_be_there,
		what_is_too_long_is_refused,
		NULL
	};

	return check_main("destination", tests, NULL, NULL);
}
