/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <string.h>

#include "check_main.h"
#include "command_line.h"

#define MOST 16

static struct command_line settings;

/* Parse a line whose words stand between single blanks. */
static enum status
parse(const char *line)
{
	static char text[256], *argv[MOST + 1];
	char *rest = NULL;
	int argc = 0;

	strcpy(text, line);
	for (argv[0] = strtok_r(text, " ", &rest); argv[argc] != NULL;
	    argv[argc] = strtok_r(NULL, " ", &rest))
		argc++;
	return command_line_parse(&settings, argc, argv);
}

static void
refuse(const char *line, const char *words)
{
	ck_assert_int_eq(parse(line), STATUS_USAGE);
	ck_assert_msg(strstr(status_text(STATUS_USAGE), words) != NULL,
	    "%s", status_text(STATUS_USAGE));
}

START_TEST(options_stand_before_the_target)
{
	ck_assert_int_eq(parse("ftclient --tls -q --pin sha256//x "
	    "--password-file pw jo@host get -x --pin"), STATUS_OK);
	ck_assert_str_eq(settings.pin, "sha256//x");
	ck_assert_str_eq(settings.password_file, "pw");
	ck_assert(settings.quiet);
	ck_assert(!settings.verbose);
	ck_assert_str_eq(settings.target, "jo@host");
	ck_assert_int_eq(settings.command_len, 3);
	ck_assert_str_eq(settings.command[1], "-x");
	ck_assert_str_eq(settings.command[2], "--pin");
}
END_TEST

START_TEST(no_command_is_no_command)
{
	ck_assert_int_eq(parse("ftclient host"), STATUS_OK);
	ck_assert_ptr_null(settings.command);
}
END_TEST

START_TEST(short_options_may_be_joined)
{
	ck_assert_int_eq(parse("ftclient -qvb file host"), STATUS_OK);
	ck_assert(settings.quiet && settings.verbose);
	ck_assert_str_eq(settings.batch_file, "file");
	ck_assert_int_eq(parse("ftclient -bfile host"), STATUS_OK);
	ck_assert_str_eq(settings.batch_file, "file");
}
END_TEST

START_TEST(two_dashes_end_the_options)
{
	ck_assert_int_eq(parse("ftclient -q -- -host list"), STATUS_OK);
	ck_assert_str_eq(settings.target, "-host");
}
END_TEST

START_TEST(help_and_version_need_no_target)
{
	ck_assert_int_eq(parse("ftclient --help"), STATUS_OK);
	ck_assert(settings.help);
	ck_assert_int_eq(parse("ftclient --version"), STATUS_OK);
	ck_assert(settings.version);
}
END_TEST

START_TEST(an_unknown_option_is_told_with_the_nearest)
{
	refuse("ftclient --cafiel x host", "did you mean `--cafile`");
	refuse("ftclient --cafiel x host", "cafile");
	refuse("ftclient --pasword-file=x host", "password-file");
	refuse("ftclient -Z host", "-Z");
	refuse("ftclient -qZ host", "-Z");
}
END_TEST

START_TEST(arguments_are_where_they_belong)
{
	refuse("ftclient --pin", "misses its argument");
	refuse("ftclient -b", "misses its argument");
	refuse("ftclient --tls=yes host", "takes no argument");
}
END_TEST

START_TEST(a_target_has_to_be_there)
{
	refuse("ftclient", "server");
	refuse("ftclient -q", "server");
}
END_TEST

START_TEST(what_excludes_each_other_is_refused)
{
	refuse("ftclient --pin x --cafile y host", "exclude");
	refuse("ftclient -b x host list", "exclude");
}
END_TEST

int
main(void)
{
	const TTest *tests[] = {
		options_stand_before_the_target,
		no_command_is_no_command,
		short_options_may_be_joined,
		two_dashes_end_the_options,
		help_and_version_need_no_target,
		an_unknown_option_is_told_with_the_nearest,
		arguments_are_where_they_belong,
		a_target_has_to_be_there,
		what_excludes_each_other_is_refused,
		NULL
	};

	return check_main("command_line", tests, NULL, NULL);
}
