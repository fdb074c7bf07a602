/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "account.h"
#include "check_main.h"
#include "sandbox.h"

/* folder/base is a base, folder/state is state, folder/etc has the users. */
static char folder[64];
static char base[80], outside[80], state[80], etc[80], users[96];
static struct config config;
static struct config_base bases[1];

static void
make_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(close(fd), 0);
}

static void
set_up(void)
{
	char path[100];

	strcpy(folder, "/tmp/ft-check-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(base, sizeof(base), "%s/base", folder);
	snprintf(state, sizeof(state), "%s/state", folder);
	snprintf(outside, sizeof(outside), "%s/outside", folder);
	snprintf(etc, sizeof(etc), "%s/etc", folder);
	snprintf(users, sizeof(users), "%s/users", etc);
	ck_assert_int_eq(mkdir(base, 0777), 0);
	ck_assert_int_eq(mkdir(state, 0777), 0);
	ck_assert_int_eq(mkdir(outside, 0777), 0);
	ck_assert_int_eq(mkdir(etc, 0777), 0);
	make_file(users);
	snprintf(path, sizeof(path), "%s/secret", outside);
	make_file(path);
	bases[0] = (struct config_base) { .path = base };
	config = (struct config) { .bases = bases, .base_count = 1,
		.state = state, .user_file = users };
}

static void
tear_down(void)
{
	char command[100];

	snprintf(command, sizeof(command), "rm -rf %s", folder);
	ck_assert_int_eq(system(command), 0);
}

/* How a process ends that does `work` in a thread behind the sandbox. */
static int
end_of(void *(*work)(void *))
{
	pthread_t thread;
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	ck_assert_int_ne(pid, -1);
	if (pid == 0) {
		if (sandbox_enter(&config) != STATUS_OK)
			_exit(99);
		if (pthread_create(&thread, NULL, work, NULL) != 0 ||
		    pthread_join(thread, NULL) != 0)
			_exit(98);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status;
}

static void
must_kill(void *(*work)(void *))
{
	int status = end_of(work);

	ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS,
	    "not killed: status %#x", (unsigned int)status);
}

/* The work ends the process itself by _exit if something is not as it says. */
static void
must_work(void *(*work)(void *))
{
	int status = end_of(work);

	ck_assert_msg(status == 0, "status %#x", (unsigned int)status);
}

#define WANT(condition) \
	do { \
		if (!(condition)) \
			_exit(__LINE__ % 90 + 1); \
	} while (0)

static void *
make_socket(void *arg)
{
	socket(AF_INET, SOCK_STREAM, 0);
	return arg;
}

static void *
connect_somewhere(void *arg)
{
	struct sockaddr sa = { .sa_family = AF_INET };

	connect(0, &sa, sizeof(sa));
	return arg;
}

static void *
execute(void *arg)
{
	char *const argv[] = { NULL };

	execve("/bin/true", argv, argv);
	return arg;
}

static void *
execute_at(void *arg)
{
	char *const argv[] = { NULL };

	syscall(SYS_execveat, AT_FDCWD, "/bin/true", argv, argv, 0);
	return arg;
}

static void *
fork_one(void *arg)
{
	if (fork() == 0)
		_exit(0);
	return arg;
}

static void *
trace(void *arg)
{
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	return arg;
}

static void *
read_the_parent(void *arg)
{
	char byte;
	struct iovec iov = { &byte, 1 };

	process_vm_readv(getppid(), &iov, 1, &iov, 1, 0);
	return arg;
}

static void *
mount_something(void *arg)
{
	mount("none", base, "tmpfs", 0, NULL);
	return arg;
}

static void *
kill_the_parent(void *arg)
{
	kill(getppid(), 0);
	return arg;
}

static void *
kill_a_thread_of_another(void *arg)
{
	syscall(SYS_tgkill, getppid(), getppid(), 0);
	return arg;
}

static void *
become_root(void *arg)
{
	int result = setuid(0);

	return result == 0 ? arg : NULL;
}

static void *
change_root(void *arg)
{
	int result = chroot(base);

	return result == 0 ? arg : NULL;
}

static void *
load_a_module(void *arg)
{
	syscall(SYS_init_module, NULL, 0, "");
	return arg;
}

static void *
use_bpf(void *arg)
{
	syscall(SYS_bpf, 0, NULL, 0);
	return arg;
}

static void *
take_a_key(void *arg)
{
	syscall(SYS_keyctl, 0, 0, 0, 0, 0);
	return arg;
}

static void *
share_a_namespace(void *arg)
{
	unshare(CLONE_NEWUSER);
	return arg;
}

#if !SANITIZED
static void *
let_others_look(void *arg)
{
	prctl(PR_SET_DUMPABLE, 1);
	return arg;
}

static void *
raise_limits(void *arg)
{
	const struct rlimit none = { 1 << 20, 1 << 20 };

	setrlimit(RLIMIT_CORE, &none);
	return arg;
}

static void *
make_memory_executable(void *arg)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	mprotect(page, 4096, PROT_READ | PROT_EXEC);
	return arg;
}
#endif

static const struct {
	const char	*what;
	void		*(*work)(void *);
} forbidden[] = {
	{ "socket", make_socket },
	{ "connect", connect_somewhere },
	{ "execve", execute },
	{ "execveat", execute_at },
	{ "fork", fork_one },
	{ "ptrace", trace },
	{ "process_vm_readv", read_the_parent },
	{ "mount", mount_something },
	{ "kill", kill_the_parent },
	{ "tgkill", kill_a_thread_of_another },
	{ "setuid", become_root },
	{ "chroot", change_root },
	{ "init_module", load_a_module },
	{ "bpf", use_bpf },
	{ "keyctl", take_a_key },
	{ "unshare", share_a_namespace },
#if !SANITIZED
	{ "prctl", let_others_look },
	{ "setrlimit", raise_limits },
	{ "mprotect", make_memory_executable },
#endif
};

START_TEST(what_is_forbidden_kills_the_process)
{
	must_kill(forbidden[_i].work);
}
END_TEST

static int
open_in(const char *where, const char *name, int flags)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", where, name);
	return open(path, flags | O_CLOEXEC, 0600);
}

static void *
open_outside(void *arg)
{
	WANT(open("/etc/shadow", O_RDONLY | O_CLOEXEC) == -1);
	WANT(errno == EACCES);
	WANT(open("/etc/passwd", O_RDONLY | O_CLOEXEC) == -1);
	WANT(errno == EACCES);
	WANT(open_in(outside, "secret", O_RDONLY) == -1 && errno == EACCES);
	WANT(open_in(outside, "x", O_WRONLY | O_CREAT) == -1);
	WANT(open_in(base, "../outside/secret", O_RDONLY) == -1);
	WANT(open_in(state, "x", O_RDWR | O_CREAT) == -1);
	return arg;
}

START_TEST(files_outside_of_the_bases_are_out_of_reach)
{
	must_work(open_outside);
}
END_TEST

static void *
use_the_base(void *arg)
{
	char a[100], b[100], sub[100], byte = 0;
	int fd;

	snprintf(a, sizeof(a), "%s/a", base);
	snprintf(sub, sizeof(sub), "%s/sub", base);
	snprintf(b, sizeof(b), "%s/sub/b", base);
	WANT((fd = open_in(base, "a", O_RDWR | O_CREAT)) != -1);
	WANT(write(fd, "x", 1) == 1 && pread(fd, &byte, 1, 0) == 1);
	WANT(byte == 'x' && fsync(fd) == 0 && fchmod(fd, 0640) == 0);
	WANT(ftruncate(fd, 0) == 0 && futimens(fd, NULL) == 0);
	WANT(close(fd) == 0);
	WANT(mkdir(sub, 0700) == 0 && rename(a, b) == 0);
	WANT(link(b, a) == 0 && unlink(b) == 0 && rmdir(sub) == 0);
	return arg;
}

START_TEST(a_base_can_be_used)
{
	must_work(use_the_base);
}
END_TEST

static void *
make_devices(void *arg)
{
	char path[100];

	snprintf(path, sizeof(path), "%s/fifo", base);
	syscall(SYS_mknod, path, S_IFIFO | 0600, 0);
	return arg;
}

START_TEST(no_fifo_or_device_is_made)
{
	must_kill(make_devices);
}
END_TEST

static void *
read_users(void *arg)
{
	WANT(open(users, O_RDONLY | O_CLOEXEC) != -1);
	WANT(open(users, O_WRONLY | O_CLOEXEC) == -1 && errno == EACCES);
	WANT(open_in(etc, "users.new", O_WRONLY | O_CREAT) == -1);
	WANT(unlink(users) == -1 && errno == EACCES);
	return arg;
}

START_TEST(the_user_file_is_read_and_not_written)
{
	must_work(read_users);
}
END_TEST

static void *
read_a_replaced_file(void *arg)
{
	while (open_in(etc, "replaced", O_RDONLY) == -1)
		sched_yield();
	WANT(open(users, O_RDONLY | O_CLOEXEC) != -1);
	return arg;
}

START_TEST(a_user_file_that_was_replaced_is_still_read)
{
	char new[110], mark[110];
	pid_t pid = fork();

	ck_assert_int_ne(pid, -1);
	if (pid == 0) {
		snprintf(new, sizeof(new), "%s.new", users);
		snprintf(mark, sizeof(mark), "%s/replaced", etc);
		make_file(new);
		_exit(rename(new, users) == 0 && (make_file(mark), 1) ? 0 : 1);
	}
	must_work(read_a_replaced_file);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}
END_TEST

static void *
do_the_usual(void *arg)
{
	struct rlimit rl;
	void *big;
	size_t i;

	WANT(getrlimit(RLIMIT_NOFILE, &rl) == 0);
	for (i = 0; i < 8; i++) {
		WANT((big = malloc(8 << 20)) != NULL);
		memset(big, 1, 8 << 20);
		free(big);
	}
	WANT(setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), 10) == 0);
	WANT(prctl(PR_SET_NAME, "ft-login") == 0);
	WANT(isatty(open_in(base, "tty", O_RDWR | O_CREAT)) == 0);
	return arg;
}

START_TEST(threads_that_start_later_work)
{
	must_work(do_the_usual);
}
END_TEST

START_TEST(an_account_that_is_missing_is_named)
{
	config.user = strdup("no-such-account");
	ck_assert_int_eq(account_check(&config), STATUS_CONFIG);
	ck_assert_ptr_nonnull(strstr(status_text(STATUS_CONFIG),
	    "no-such-account"));
	free(config.user);
}
END_TEST

static void *
look_at_account(void *arg)
{
	WANT(getuid() != 0 && geteuid() != 0 && getgid() != 0);
	return arg;
}

START_TEST(root_becomes_the_account)
{
	static char nobody[] = "nobody";

	if (geteuid() != 0)
		return;		/* there is nothing to give up */
	ck_assert_int_eq(chmod(folder, 0755), 0);
	config.user = nobody;
	must_work(look_at_account);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("sandbox");
	TCase *tc = tcase_create("sandbox");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_loop_test(tc, what_is_forbidden_kills_the_process, 0,
	    (int)(sizeof(forbidden) / sizeof(forbidden[0])));
	tcase_add_test(tc, files_outside_of_the_bases_are_out_of_reach);
	tcase_add_test(tc, a_base_can_be_used);
	tcase_add_test(tc, no_fifo_or_device_is_made);
	tcase_add_test(tc, the_user_file_is_read_and_not_written);
	tcase_add_test(tc, a_user_file_that_was_replaced_is_still_read);
	tcase_add_test(tc, threads_that_start_later_work);
	tcase_add_test(tc, an_account_that_is_missing_is_named);
	tcase_add_test(tc, root_becomes_the_account);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
