/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "sandbox.h"

#include <sys/prctl.h>
#include <sys/types.h>

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>

#include "account.h"
#include "landlock.h"
#include "log.h"
#include "syscalls.h"

#define PATHS_MAX (CONFIG_BASES_MAX + 4)

/* The death of the parent is told only from here on: look whether it was. */
static enum status
die_with_parent(pid_t parent)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) == -1)
		return status_errno("prctl");
	if (getppid() != parent)
		return status_set(STATUS_UNREACHABLE, "the monitor has ended");
	return STATUS_OK;
}

/* Whatever a library loads or opens when it is first used. */
static enum status
warm_up(void)
{
	unsigned char byte;
	SSL_CTX *ctx;
	EVP_MD *md;
	int ok;

	ctx = SSL_CTX_new(TLS_server_method());
	md = EVP_MD_fetch(NULL, "SHA2-256", NULL);
	ok = ctx != NULL && md != NULL && RAND_bytes(&byte, 1) == 1 &&
	    RAND_priv_bytes(&byte, 1) == 1;
	ERR_reason_error_string(ERR_PACK(ERR_LIB_SSL, 0, 1));
	EVP_MD_free(md);
	SSL_CTX_free(ctx);
	return ok ? STATUS_OK : status_set(STATUS_IO, "OpenSSL does not start");
}

/*
 * The folder of the user file, since a file that is replaced would be lost.
 * What lies in the state folder is the monitor's business: it hands over the
 * keys, and with --quick the user file stands there, too.
 */
static enum status
confine_files(const struct config *config)
{
	struct landlock_path paths[PATHS_MAX] = { { NULL, false } };
	char users[PATH_MAX];
	enum status st;
	size_t i, n = 0;

	for (i = 0; i < config->base_count; i++)
		paths[n++] = (struct landlock_path) { config->bases[i].path,
			true };
	if (strlen(config->user_file) >= sizeof(users))
		return status_set(STATUS_CONFIG, "login.user_file is too long");
	strcpy(users, config->user_file);
	paths[n++] = (struct landlock_path) { dirname(users), false };
#if SANITIZED
	paths[n++] = (struct landlock_path) { "/proc", false };
#endif
	st = landlock_enter(paths);
	if (st == STATUS_UNSUPPORTED) {
		log_line(LOG_LEVEL_NOTICE, 0, "%s: the server process is kept "
		    "from other files by its account alone", status_text(st));
		st = STATUS_OK;
	}
	return st;
}

enum status
sandbox_enter(const struct config *config)
{
	pid_t parent = getppid();
	enum status st;

	if ((st = warm_up()) != STATUS_OK ||
	    (st = account_become(config)) != STATUS_OK ||
	    (st = die_with_parent(parent)) != STATUS_OK)
		return st;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return status_errno("prctl");
#if !SANITIZED
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1)
		return status_errno("prctl");
#endif
	if ((st = confine_files(config)) != STATUS_OK)
		return st;
	return syscalls_restrict();
}
