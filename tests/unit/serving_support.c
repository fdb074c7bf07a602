/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "serving_support.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "batch.h"
#include "stage.h"
#include "tls_support.h"

static void
must(bool good, const char *what)
{
	if (good)
		return;
	perror(what);
	abort();
}

static void
must_do(enum status st)
{
	if (st == STATUS_OK)
		return;
	fprintf(stderr, "%s\n", status_text(st));
	abort();
}

static void
write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	must(fd != -1 && write(fd, text, strlen(text)) ==
	    (ssize_t)strlen(text) && close(fd) == 0, path);
}

void
serving_set_users(const struct serving *serving, const char *users)
{
	char path[96], fresh[96];

	snprintf(path, sizeof(path), "%s/users", serving->path);
	snprintf(fresh, sizeof(fresh), "%s/users.new", serving->path);
	write_file(fresh, users);
	must(rename(fresh, path) == 0, path);
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void
serving_remove(const char *path)
{
	must(nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0, path);
}

static struct handover_bytes
bytes_of(char *text)
{
	return (struct handover_bytes){ (unsigned char *)text, strlen(text) };
}

static struct config *
make_config(const struct serving *serving, enum durability durability)
{
	struct config *config;
	char text[1024];

	snprintf(text, sizeof(text), "tls { certificate = /nowhere/c\n"
	    "private_key = /nowhere/k }\n"
	    "login { user_file = %s/users }\n"
	    "base main { path = %s\n durability = %s }\n", serving->path,
	    serving->base, durability == DURABILITY_ASYNC ? "async" :
	    "commit");
	must_do(config_parse(&config, text, "test"));
	return config;
}

static void
make_settings(struct serving *serving, enum durability durability)
{
	char keys_text[TICKET_KEYS_TEXT_MAX];
	struct certificate certificate;
	struct handover handover = { 0 };
	struct ticket_keys keys;

	certificate_make(&certificate);
	must_do(ticket_keys_generate(&keys));
	ticket_keys_format(keys_text, &keys);
	handover.config = make_config(serving, durability);
	handover.certificate = bytes_of(certificate.certificate);
	handover.private_key = bytes_of(certificate.key);
	handover.ticket_keys = bytes_of(keys_text);
	must_do(settings_new(&serving->services.settings, &handover));
	certificate_free(&certificate);
}

static void
open_base(struct services *services)
{
	const struct config_base *base = &services->settings->config->bases[0];

	services->bases = calloc(1, sizeof(*services->bases));
	must(services->bases != NULL, "memory");
	must_do(base_open(&services->bases[0], base->name, base->path,
	    base->durability));
	services->base_count = 1;
}

static void
was_good(void *ctx, const struct user *user, const struct login_job *job)
{
	(void)ctx;
	(void)user;
	(void)job;
}

static void
start_lines(struct services *services, size_t max_stages)
{
	struct flush_line_plan flush = { .bases = services->bases,
	    .base_count = 1, .threads = 1, .max_stages = max_stages };
	struct login_line_plan login = { .threads = 1, .queue = 1,
	    .queue_total = 1, .users = services->users, .good = was_good };

	must((services->lock_table = lock_table_new()) != NULL, "memory");
	must_do(lock_line_new(&services->lock_line, services->bases, 1, 1));
	flush.lock_line = services->lock_line;
	must_do(flush_line_new(&services->flush_line, &flush));
	services->lockouts = lockouts_new(10, 60);
	must((login.lockouts = services->lockouts) != NULL, "memory");
	must_do(login_line_new(&services->login_line, &login));
}

void
serving_open(struct serving *serving, const struct serving_plan *plan)
{
	struct services *services = &serving->services;
	char path[96];

	memset(serving, 0, sizeof(*serving));
	snprintf(serving->path, sizeof(serving->path), "%s/ft-serving-XXXXXX",
	    plan->under);
	must(mkdtemp(serving->path) != NULL, serving->path);
	snprintf(serving->base, sizeof(serving->base), "%s/base",
	    serving->path);
	must(mkdir(serving->base, 0755) == 0, serving->base);
	serving_set_users(serving, plan->users);
	pthread_mutex_init(&services->mutex, NULL);
	make_settings(serving, plan->durability);
	open_base(services);
	snprintf(path, sizeof(path), "%s/users", serving->path);
	must_do(user_source_new(&services->users, path, NULL));
	must((services->renewals = renewals_new(-1)) != NULL, "memory");
	start_lines(services, plan->max_stages);
	must_do(kit_new(&serving->kit, services->bases, 1));
}

void
serving_close(struct serving *serving)
{
	struct services *services = &serving->services;

	login_line_free(services->login_line);
	lockouts_free(services->lockouts);
	lock_line_close(services->lock_line);
	flush_line_free(services->flush_line);
	kit_free(serving->kit);
	lock_line_free(services->lock_line);
	lock_table_free(services->lock_table);
	renewals_free(services->renewals);
	user_source_free(services->users);
	base_close(services->bases[0]);
	free(services->bases);
	settings_unref(services->settings);
	pthread_mutex_destroy(&services->mutex);
	serving_remove(serving->path);
}

static void
post(void *ctx)
{
	sem_post(ctx);
}

void
serving_settle(struct serving *serving)
{
	struct mailbox *mailbox;
	struct batch *batch = NULL;
	sem_t done;

	/* There is one thread, and a batch of no base is carried out alone. */
	must(sem_init(&done, 0, 0) == 0, "semaphore");
	mailbox = mailbox_new(post, &done);
	must(mailbox != NULL && (batch = batch_new(mailbox)) != NULL,
	    "memory");
	flush_line_submit(serving->services.flush_line, batch);
	while (sem_wait(&done) != 0)
		continue;
	batch_free((struct batch *)mailbox_take(mailbox));
	mailbox_unref(mailbox);
	sem_destroy(&done);
}

static void
empty(const char *folder)
{
	struct dirent *entry;
	char path[512];
	DIR *dir;

	must((dir = opendir(folder)) != NULL, folder);
	while ((entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0 ||
		    strcmp(entry->d_name, BASE_PRIVATE) == 0)
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		serving_remove(path);
	}
	closedir(dir);
}

void
serving_empty(const struct serving *serving)
{
	static const char *const private[] = { "stage", "uploads" };
	char path[256];
	size_t i;

	empty(serving->base);
	for (i = 0; i < sizeof(private) / sizeof(private[0]); i++) {
		snprintf(path, sizeof(path), "%s/" BASE_PRIVATE "/%s",
		    serving->base, private[i]);
		empty(path);
	}
}

/* Names that are ids, in one of the private folders. */
static size_t
count_ids(int fd)
{
	struct dirent *entry;
	size_t count = 0;
	DIR *dir;

	dir = fdopendir(openat(fd, ".",
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	must(dir != NULL, "ids");
	while ((entry = readdir(dir)) != NULL)
		count += stage_is_name(entry->d_name);
	closedir(dir);
	return count;
}

size_t
serving_stages(const struct serving *serving)
{
	return count_ids(base_stage_fd(serving->services.bases[0]));
}

size_t
serving_records(const struct serving *serving)
{
	return count_ids(base_uploads_fd(serving->services.bases[0]));
}
