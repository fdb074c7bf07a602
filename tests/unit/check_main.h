/*
 * check_main - run a list of tests as the `main` of a test program.
 */
#ifndef CHECK_MAIN_H
#define CHECK_MAIN_H

#include <check.h>
#include <stdlib.h>

/* Run the tests (ended by NULL), each between set_up and tear_down. */
static inline int
check_main(const char *name, const TTest *const *tests, void (*set_up)(void),
    void (*tear_down)(void))
{
	TCase *tcase = tcase_create(name);
	Suite *suite = suite_create(name);
	SRunner *runner;
	int failed;

	tcase_set_timeout(tcase, getenv("FT_NIGHTLY") != NULL ? 1800 : 60);
	if (set_up != NULL)
		tcase_add_checked_fixture(tcase, set_up, tear_down);
	for (; *tests != NULL; tests++)
		tcase_add_test(tcase, *tests);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}

#endif
