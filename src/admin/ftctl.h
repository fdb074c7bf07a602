/*
 * ftctl - the commands of ftctl(8).
 */
#ifndef FTCTL_H
#define FTCTL_H

#include <stdbool.h>

#include "base.h"
#include "status.h"

/* A look at one base: what was found, and what became of it. */
struct store_check {
	const struct base *base;
	bool		 repair;
	unsigned int	 looked;	/* at stages, records and counts */
	unsigned int	 in_use;	/* left alone */
	unsigned int	 found;
	unsigned int	 repaired;
};

/*
 * Say what is wrong with `what`: true if the caller is to repair it, and to
 * tell check_repaired then whether that was done.
 */
bool check_found(struct store_check *check, const char *what,
    const char *problem, const char *cure);
void check_repaired(struct store_check *check, const char *what, bool is_done);

/* It could not be looked at, so that nothing is done about it. */
void check_left(struct store_check *check, const char *what,
    const char *problem);

/* Records of uploads and the content they speak of; stages; quota counts. */
void check_uploads(struct store_check *check);
void check_stages(struct store_check *check);
void check_quotas(struct store_check *check);

/* `ftctl store check`: STATUS_DIGEST if something is left as it was found. */
enum status ftctl_store_check(const char *path, bool repair);

#endif
