/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <crypt.h>
#include <time.h>

#include "password.h"
#include "users_support.h"

#define U_STAR_U "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"

/* A hash of `hunter2` by crypt(3), as other programs make them. */
static const char *
crypt_hash(const char *prefix, unsigned long count)
{
	static char hash[CRYPT_OUTPUT_SIZE];
	char setting[CRYPT_GENSALT_OUTPUT_SIZE];
	struct crypt_data *data = calloc(1, sizeof(*data));

	ck_assert_ptr_nonnull(data);
	ck_assert_ptr_nonnull(crypt_gensalt_rn(prefix, count, NULL, 0, setting,
	    sizeof(setting)));
	ck_assert_ptr_nonnull(crypt_rn("hunter2", setting, data,
	    (int)sizeof(*data)));
	strcpy(hash, data->output);
	free(data);
	return hash;
}

static const struct {
	const char	*prefix;
	unsigned long	 count;
} kinds[] = {
	{ "$y$", 1 }, { "$y$", 5 }, { "$2b$", 4 }, { "$2y$", 4 }, { "$2a$", 4 },
	{ "$6$", 5000 }, { "$6$", 1000 },
};
#define KINDS ((int)(sizeof(kinds) / sizeof(kinds[0])))

static enum status
verify(const char *hash, const char *password)
{
	return password_verify(hash, password, strlen(password));
}

START_TEST(argon2_tells_right_from_wrong)
{
	ck_assert_int_eq(verify(CHEAP_HASH, "hunter2"), STATUS_OK);
	ck_assert_int_eq(verify(CHEAP_HASH, "hunter3"), STATUS_LOGIN_REFUSED);
	ck_assert_int_eq(verify(CHEAP_HASH, ""), STATUS_LOGIN_REFUSED);
	ck_assert_int_eq(password_verify(CHEAP_HASH, "hunter2", 8),
	    STATUS_LOGIN_REFUSED);
	ck_assert(!password_hash_is_foreign(CHEAP_HASH));
}
END_TEST

START_TEST(hashes_of_crypt_tell_right_from_wrong)
{
	const char *hash = crypt_hash(kinds[_i].prefix, kinds[_i].count);
	char decoy[PASSWORD_HASH_MAX];
	uint64_t work, decoy_work;

	ck_assert_int_eq(verify(hash, "hunter2"), STATUS_OK);
	ck_assert_int_eq(verify(hash, "hunter3"), STATUS_LOGIN_REFUSED);
	/* For crypt(3) a NUL would end the password. */
	ck_assert_int_eq(password_verify(hash, "hunter2\0x", 9),
	    STATUS_LOGIN_REFUSED);
	ck_assert(password_hash_is_foreign(hash));
	ck_assert_int_eq(password_decoy(decoy, hash), STATUS_OK);
	ck_assert_str_ne(decoy, hash);
	ck_assert_int_eq(password_hash_work(&work, hash), STATUS_OK);
	ck_assert_int_eq(password_hash_work(&decoy_work, decoy), STATUS_OK);
	ck_assert_uint_eq(work, decoy_work);
	ck_assert_int_eq(verify(decoy, "hunter2"), STATUS_LOGIN_REFUSED);
}
END_TEST

START_TEST(a_hash_of_another_program_is_known)
{
	ck_assert_int_eq(verify(U_STAR_U, "U*U"), STATUS_OK);
	ck_assert_int_eq(verify(U_STAR_U, "U*V"), STATUS_LOGIN_REFUSED);
}
END_TEST

START_TEST(a_decoy_of_argon2_has_the_same_cost_and_no_password)
{
	char decoy[PASSWORD_HASH_MAX];

	ck_assert_int_eq(password_decoy(decoy, CHEAP_HASH), STATUS_OK);
	ck_assert_int_eq(strncmp(decoy, CHEAP_HASH, 26), 0);
	ck_assert_str_ne(decoy, CHEAP_HASH);
	ck_assert_int_eq(verify(decoy, "hunter2"), STATUS_LOGIN_REFUSED);
}
END_TEST

static const char *const refused[] = {
	"", "*", "!", "!!", "x",
	"rEK1ecacw.7.c",			/* DES */
	"_J9..K0AyUubLk8Ys7Jk",			/* BSDi's DES */
	"$1$etNnh7FA$OlM7eljE/B7F1J4XYNnk81",	/* MD5 */
	"$apr1$etNnh7FA$OlM7eljE/B7F1J4XYNnk81",
	"{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=",
	"$3$$8846f7eaee8fb117ad06bdd830b7586c",
	"$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc8",
	"$2x$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
	"$7$CU..../....2Q9obwLhin8qvQl6sisAO/$sCayJj/JBdcuD4lJ1AxiwCo9e5XSi8T",
	"hunter2",
	/* cut short or too long */
	"$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOe",
	U_STAR_U "x",
	"$6$salt$short",
	"$6$$"
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	    "AAAAAAAAAAAAAAAAAAAAAA",
	"$y$j9T$oGysfsTOPtQzTEGM603650$BZwyk",
	"$y$j9T$oGysfsTOPtQzTEGM603650",
	/* too dear */
	"$2a$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
	"$6$rounds=999999999$salt$"
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	    "AAAAAAAAAAAAAAAAAAAAAA",
	"$y$jQT$oGysfsTOPtQzTEGM603650$"
	    "BZwyk.lJdVdMSUcvtlLTDXlDUA1IGWNf7UID.Y8HTN0",
	"$argon2id$v=19$m=4194304,t=1,p=1$c29tZXNhbHQ$"
	    "nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
};

START_TEST(weak_malformed_and_dear_hashes_are_refused_before_any_work)
{
	uint64_t work;

	ck_assert_msg(password_hash_work(&work, refused[_i]) == STATUS_CONFIG,
	    "%s", refused[_i]);
	ck_assert_int_eq(verify(refused[_i], "hunter2"), STATUS_CONFIG);
	ck_assert_str_ne(status_text(STATUS_CONFIG), "");
}
END_TEST

START_TEST(a_password_that_is_too_long_is_not_hashed)
{
	char big[PASSWORD_MAX + 1];

	memset(big, 'x', sizeof(big));
	/* Were it hashed, the hash would be refused as malformed. */
	ck_assert_int_eq(password_verify("", big, sizeof(big)),
	    STATUS_LOGIN_REFUSED);
	ck_assert_int_eq(password_login(NULL, "", false, big, sizeof(big)),
	    STATUS_LOGIN_REFUSED);
	ck_assert_int_eq(password_verify(CHEAP_HASH, big, PASSWORD_MAX),
	    STATUS_LOGIN_REFUSED);
}
END_TEST

START_TEST(a_login_needs_the_password_a_user_and_no_lock)
{
	ck_assert_int_eq(password_login(CHEAP_HASH, CHEAP_HASH, false,
	    "hunter2", 7), STATUS_OK);
	ck_assert_int_eq(password_login(CHEAP_HASH, CHEAP_HASH, true,
	    "hunter2", 7), STATUS_LOGIN_REFUSED);
	ck_assert_int_eq(password_login(CHEAP_HASH, CHEAP_HASH, false,
	    "hunter3", 7), STATUS_LOGIN_REFUSED);
	/* Not even the decoy's own password is good for an unknown name. */
	ck_assert_int_eq(password_login(NULL, CHEAP_HASH, false,
	    "hunter2", 7), STATUS_LOGIN_REFUSED);
	ck_assert_str_eq(status_text(STATUS_LOGIN_REFUSED), "login refused");
}
END_TEST

/* Milliseconds of this thread's work in a refused login, the best of five. */
static double
cost_of_refusal(const char *hash, const char *decoy, bool locked)
{
	struct timespec from, to;
	double ms, best = 1e9;
	int i;

	for (i = 0; i < 5; i++) {
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
		ck_assert_int_eq(password_login(hash, decoy, locked, "wrong",
		    5), STATUS_LOGIN_REFUSED);
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &to);
		ms = (double)(to.tv_sec - from.tv_sec) * 1e3 +
		    (double)(to.tv_nsec - from.tv_nsec) / 1e6;
		best = ms < best ? ms : best;
	}
	return best;
}

/*
 * A sanitizer weighs the parts of the work unlike; without the extra work the
 * smallest difference below would be threefold.
 */
static void
assert_near(double ms, double other)
{
	ck_assert_msg(ms < other * 2.4 && other < ms * 2.4,
	    "%.2f ms against %.2f ms", ms, other);
}

START_TEST(every_refusal_costs_as_much_as_the_dearest_hash)
{
	char dear[PHC_TEXT_MAX], middle[PHC_TEXT_MAX];
	double unknown;

	ck_assert_int_eq(phc_hash(dear, "x", 1,
	    &(struct phc_cost){ 8192, 3, 1 }), STATUS_OK);
	ck_assert_int_eq(phc_hash(middle, "x", 1,
	    &(struct phc_cost){ 8192, 1, 1 }), STATUS_OK);
	unknown = cost_of_refusal(NULL, dear, false);
	assert_near(cost_of_refusal(dear, dear, false), unknown);
	assert_near(cost_of_refusal(middle, dear, false), unknown);
	assert_near(cost_of_refusal(CHEAP_HASH, dear, false), unknown);
	assert_near(cost_of_refusal(CHEAP_HASH, dear, true), unknown);
}
END_TEST

START_TEST(a_refusal_by_crypt_costs_as_much_whatever_the_password)
{
	char hash[PASSWORD_HASH_MAX], big[600];
	struct timespec from, to;
	double ms, usual;

	strcpy(hash, crypt_hash("$2b$", 8));
	usual = cost_of_refusal(hash, hash, false);
	memset(big, 'x', sizeof(big));
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
	ck_assert_int_eq(password_login(hash, hash, false, big, sizeof(big)),
	    STATUS_LOGIN_REFUSED);
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &to);
	ms = (double)(to.tv_sec - from.tv_sec) * 1e3 +
	    (double)(to.tv_nsec - from.tv_nsec) / 1e6;
	ck_assert_msg(ms > usual / 2, "%.2f ms against %.2f ms", ms, usual);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("password");
	TCase *tc = tcase_create("password");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, argon2_tells_right_from_wrong);
	tcase_add_loop_test(tc, hashes_of_crypt_tell_right_from_wrong, 0,
	    KINDS);
	tcase_add_test(tc, a_hash_of_another_program_is_known);
	tcase_add_test(tc, a_decoy_of_argon2_has_the_same_cost_and_no_password);
	tcase_add_loop_test(tc,
	    weak_malformed_and_dear_hashes_are_refused_before_any_work, 0,
	    (int)(sizeof(refused) / sizeof(refused[0])));
	tcase_add_test(tc, a_password_that_is_too_long_is_not_hashed);
	tcase_add_test(tc, a_login_needs_the_password_a_user_and_no_lock);
	tcase_add_test(tc, every_refusal_costs_as_much_as_the_dearest_hash);
	tcase_add_test(tc,
	    a_refusal_by_crypt_costs_as_much_whatever_the_password);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
