/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "preflight.h"

#include <sys/resource.h>
#include <sys/stat.h>

#include <errno.h>
#include <string.h>

#include "account.h"
#include "listen.h"
#include "loose_ends.h"
#include "ticket_keys.h"
#include "tls_context.h"
#include "user_file.h"

/* Each session has its socket, and every second one a file in hand. */
#define SPARE_FILES 512

unsigned int
preflight_sessions_that_fit(void)
{
	struct rlimit rl;

	if (getrlimit(RLIMIT_NOFILE, &rl) == -1 || rl.rlim_max <= SPARE_FILES)
		return 1;
	if (rl.rlim_max == RLIM_INFINITY || rl.rlim_max > UINT32_MAX / 2)
		return UINT32_MAX / 3;
	return (unsigned int)((rl.rlim_max - SPARE_FILES) * 2 / 3);
}

static enum status
check_open_files(const struct config *config, const char *file)
{
	unsigned int fit = preflight_sessions_that_fit();

	if (config->max_sessions <= fit)
		return STATUS_OK;
	return status_set(STATUS_CONFIG, "%s: limits.max_sessions = %u: the "
	    "hard limit of open files has room for %u: lower it, or raise "
	    "the limit (LimitNOFILE= of systemd, ulimit -Hn)", file,
	    config->max_sessions, fit);
}

static enum status
check_tls(const struct handover *h)
{
	struct ticket_keys keys = { 0 };
	enum status st;
	SSL_CTX *ctx;

	st = ticket_keys_parse(&keys, (const char *)h->ticket_keys.bytes,
	    h->ticket_keys.len, h->config->ticket_keys);
	if (st == STATUS_OK &&
	    (st = tls_context_make(&ctx, h, &keys)) == STATUS_OK)
		SSL_CTX_free(ctx);
	ticket_keys_wipe(&keys);
	return st;
}

static enum status
check_users(struct users **out, const struct config *config,
    const struct users_warning *warning)
{
	enum status st;

	st = users_read(out, config->user_file, warning);
	if (st == STATUS_NOT_FOUND)
		return status_set(STATUS_CONFIG, "user file %s is missing: "
		    "make it by `ftuser -f %s add NAME`, or set "
		    "login.user_file", config->user_file, config->user_file);
	return st;
}

static enum status
check_bases(const struct config *config, const char *file)
{
	const struct config_base *base;
	struct stat sb;

	for (base = config->bases; base < config->bases + config->base_count;
	    base++) {
		if (stat(base->path, &sb) == -1)
			return status_set(STATUS_CONFIG, "%s: base %s: %s: %s",
			    file, base->name, base->path, strerror(errno));
		if (!S_ISDIR(sb.st_mode))
			return status_set(STATUS_CONFIG, "%s: base %s: %s is "
			    "no folder", file, base->name, base->path);
	}
	return STATUS_OK;
}

/* What is read stands; do the things that it names? */
static enum status
check_named(const struct handover *h, const struct preflight *what)
{
	const struct users_warning warning = { what->warn, what->warn_ctx };
	const struct users_warning *told =
	    what->warn != NULL ? &warning : NULL;
	struct users *users;
	enum status st;

	if ((st = check_users(&users, h->config, told)) != STATUS_OK)
		return st;
	if ((st = check_bases(h->config, what->file)) == STATUS_OK &&
	    (st = account_reaches(h->config, what->file)) == STATUS_OK &&
	    (st = check_open_files(h->config, what->file)) == STATUS_OK &&
	    told != NULL)
		loose_ends_tell(h->config, users, told);
	users_unref(users);
	return st;
}

enum status
preflight(struct handover **out, const struct preflight *what)
{
	struct handover *h;
	enum status st;

	*out = NULL;
	st = handover_make(&h, what->text, what->file, what->only_a_test);
	if (st != STATUS_OK)
		return st;
	if ((st = account_check(h->config)) != STATUS_OK ||
	    (st = listen_check(h->config)) != STATUS_OK ||
	    (st = check_tls(h)) != STATUS_OK ||
	    (st = check_named(h, what)) != STATUS_OK)
		handover_free(h);
	else
		*out = h;
	return st;
}
