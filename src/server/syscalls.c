/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "syscalls.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#endif

/*
 * By name, so that one list serves all architectures: what one does not have
 * is left out.
 */
static const char *const allowed[] = {
	/* memory and threads; mmap, mprotect and clone are below */
	"brk", "exit", "exit_group", "futex", "get_robust_list", "getcpu",
	"gettid", "madvise", "membarrier", "mremap", "munmap",
	"restart_syscall", "rseq", "sched_getaffinity", "sched_getparam",
	"sched_getscheduler", "sched_yield", "set_robust_list",
	"set_tid_address", "getpriority", "setpriority", "sysinfo", "getrusage",

	/* who and what this is */
	"getegid", "geteuid", "getgid", "getpid", "getppid", "getrandom",
	"getrlimit", "getuid", "uname",

	/* time */
	"clock_getres", "clock_gettime", "clock_gettime64", "clock_nanosleep",
	"clock_nanosleep_time64", "gettimeofday", "nanosleep", "time",
	"futex_time64",

	/* signals of its own threads; tgkill is below */
	"rt_sigaction", "rt_sigpending", "rt_sigprocmask", "rt_sigreturn",
	"rt_sigtimedwait", "sigaltstack",

	/* waiting */
	"epoll_create1", "epoll_ctl", "epoll_pwait", "epoll_pwait2",
	"epoll_wait", "eventfd2", "poll", "ppoll", "ppoll_time64", "pselect6",
	"select", "timerfd_create", "timerfd_gettime", "timerfd_settime",

	/* connections that came in; none is made */
	"accept", "accept4", "getpeername", "getsockname", "getsockopt",
	"recv", "recvfrom", "recvmsg", "recvmmsg", "send", "sendmmsg",
	"sendmsg", "sendto", "setsockopt", "shutdown",

	/* files, which Landlock confines to the bases */
	"_llseek", "access", "close", "copy_file_range", "dup",
	"dup3", "faccessat", "faccessat2", "fadvise64", "fadvise64_64",
	"fallocate", "fchdir", "fchmod", "fchmodat", "fcntl", "fcntl64",
	"fdatasync", "fgetxattr", "flistxattr", "fremovexattr", "fsetxattr",
	"fstat", "fstat64", "fstatat64", "fstatfs", "fstatfs64", "fsync",
	"ftruncate", "ftruncate64", "getdents64", "link", "linkat", "lseek",
	"lstat", "lstat64", "mkdir", "mkdirat", "newfstatat", "openat",
	"openat2", "pipe2", "pread64", "preadv", "preadv2", "pwrite64",
	"pwritev", "pwritev2", "read", "readahead", "readlink", "readlinkat",
	"readv", "rename", "renameat", "renameat2", "rmdir", "sendfile",
	"sendfile64", "splice", "stat", "stat64", "statfs", "statx",
	"symlink", "symlinkat", "sync_file_range", "sync_file_range2",
	"syncfs", "umask", "unlink", "unlinkat", "write", "writev",
	NULL
};

/*
 * What libraries try and do well without.  clone3's flags lie in memory, where
 * a filter cannot look; glibc falls back on clone.
 */
static const struct {
	const char	*name;
	int		 error;
} refused[] = {
	{ "clone3", ENOSYS },
	{ "open", EACCES },
	{ "set_mempolicy", EPERM },
	{ "mbind", EPERM },
	{ "io_uring_setup", ENOSYS },
	{ "memfd_create", ENOSYS },
	{ "sched_setaffinity", EPERM },
	{ "flock", ENOLCK },
	{ NULL, 0 }
};

#if SANITIZED
/*
 * A sanitizer looks for leaks at exit from a process that shares its memory,
 * and reads and prints on its own.
 */
static const char *const sanitizer[] = {
	"getdents", "ioctl", "open", "personality", "pipe", "prctl",
	"prlimit64", "sched_setaffinity", "tkill", "wait4", "waitid", "mmap",
	"mprotect", "arch_prctl", "setrlimit", NULL
};

/* It reads the registers of its own threads; none else is in reach. */
static const int traces[] = { PTRACE_ATTACH, PTRACE_DETACH, PTRACE_CONT,
	PTRACE_KILL, PTRACE_GETREGS, PTRACE_GETREGSET, PTRACE_PEEKDATA };
#endif

static int
allow_name(scmp_filter_ctx ctx, const char *name)
{
	int number = seccomp_syscall_resolve_name(name);

	if (number == __NR_SCMP_ERROR)
		return 0;
	return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, number, 0);
}

static int
allow_names(scmp_filter_ctx ctx, const char *const *names)
{
	int error = 0;

	for (; *names != NULL && error == 0; names++)
		error = allow_name(ctx, *names);
	return error;
}

static int
refuse_names(scmp_filter_ctx ctx)
{
	int error = 0, number;
	size_t i;

	for (i = 0; refused[i].name != NULL && error == 0; i++) {
#if SANITIZED
		if (strcmp(refused[i].name, "open") == 0 ||
		    strcmp(refused[i].name, "sched_setaffinity") == 0)
			continue;
#endif
		number = seccomp_syscall_resolve_name(refused[i].name);
		if (number != __NR_SCMP_ERROR)
			error = seccomp_rule_add(ctx,
			    SCMP_ACT_ERRNO(refused[i].error), number, 0);
	}
	return error;
}

static int
allow_if(scmp_filter_ctx ctx, const char *name, struct scmp_arg_cmp only)
{
	int number = seccomp_syscall_resolve_name(name);

	if (number == __NR_SCMP_ERROR)
		return 0;
	return seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, number, 1, &only);
}

/* No memory is ever made executable, and no process is ever made. */
static int
allow_memory(scmp_filter_ctx ctx)
{
	const struct scmp_arg_cmp not_executable =
	    SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
	const struct scmp_arg_cmp thread =
	    SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD);
	int error;

	if ((error = allow_if(ctx, "mmap", not_executable)) != 0 ||
	    (error = allow_if(ctx, "mprotect", not_executable)) != 0)
		return error;
	return allow_if(ctx, "clone", thread);
}

static int
allow_self(scmp_filter_ctx ctx)
{
	const struct scmp_arg_cmp own_limits[2] = {
		SCMP_A0(SCMP_CMP_EQ, 0, 0), SCMP_A2(SCMP_CMP_EQ, 0, 0)
	};
	int error;

	if ((error = allow_if(ctx, "tgkill",
	    SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0))) != 0 ||
	    (error = allow_if(ctx, "prctl",
	    SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME, 0))) != 0 ||
	    /* futimens(3): Landlock does not look at times set by name. */
	    (error = allow_if(ctx, "utimensat",
	    SCMP_A1(SCMP_CMP_EQ, 0, 0))) != 0)
		return error;
	/* glibc gives names to its memory where it can. */
	error = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EINVAL), SCMP_SYS(prctl),
	    1, SCMP_A0(SCMP_CMP_EQ, PR_SET_VMA, 0));
	if (error != 0)
		return error;
	/* getrlimit(3) of its own limits; none is set. */
	return seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW,
	    SCMP_SYS(prlimit64), 2, own_limits);
}

#if SANITIZED
static int
allow_sanitizer(scmp_filter_ctx ctx)
{
	int error;
	size_t i;

	if ((error = allow_names(ctx, sanitizer)) != 0 ||
	    /* Its tracer is a process of its own in the same memory. */
	    (error = allow_if(ctx, "clone", SCMP_A0(SCMP_CMP_MASKED_EQ,
	    CLONE_VM | CLONE_UNTRACED, CLONE_VM | CLONE_UNTRACED))) != 0)
		return error;
	for (i = 0; i < sizeof(traces) / sizeof(traces[0]) && error == 0; i++)
		error = allow_if(ctx, "ptrace",
		    SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)traces[i], 0));
	return error;
}
#else
/* isatty(3) in a library is told that there is no terminal. */
static int
allow_ioctl(scmp_filter_ctx ctx)
{
	static const unsigned long requests[] = { SIOCOUTQ, SIOCOUTQNSD,
		FIONREAD };
	int error;
	size_t i;

	error = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOTTY), SCMP_SYS(ioctl),
	    1, SCMP_A1(SCMP_CMP_EQ, TCGETS, 0));
	for (i = 0; i < sizeof(requests) / sizeof(requests[0]) && error == 0;
	    i++)
		error = allow_if(ctx, "ioctl",
		    SCMP_A1(SCMP_CMP_EQ, requests[i], 0));
	return error;
}
#endif

static int
add_rules(scmp_filter_ctx ctx)
{
	int error;

	if ((error = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2)) != 0 ||
	    (error = allow_names(ctx, allowed)) != 0 ||
	    (error = refuse_names(ctx)) != 0 ||
	    (error = allow_self(ctx)) != 0 ||
	    (error = allow_memory(ctx)) != 0)
		return error;
#if SANITIZED
	return allow_sanitizer(ctx);
#else
	return allow_ioctl(ctx);
#endif
}

enum status
syscalls_restrict(void)
{
	scmp_filter_ctx ctx;
	int error;

	if ((ctx = seccomp_init(SCMP_ACT_KILL_PROCESS)) == NULL)
		return status_set(STATUS_NO_MEMORY, "seccomp");
	if ((error = add_rules(ctx)) == 0)
		error = seccomp_load(ctx);
	seccomp_release(ctx);
	if (error == 0)
		return STATUS_OK;
	errno = -error;
	return status_errno("seccomp");
}
