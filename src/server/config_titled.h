/*
 * config_titled - the sections that have a title, and so may stand there more
 * than once: bases and shares.
 */
#ifndef CONFIG_TITLED_H
#define CONFIG_TITLED_H

#include <stdbool.h>
#include <stddef.h>

#include "config_lines.h"
#include "server_config.h"
#include "status.h"

#define CONFIG_TITLED_KINDS	2
#define CONFIG_TITLED_MAX	CONFIG_BASES_MAX	/* of each kind */

/* Which kind of section; -1 for one without a title. */
int config_titled_kind(const char *section);

size_t config_titled_count(const struct config *config, int kind);

/* One of them: a struct that begins with its name. */
void *config_titled_at(const struct config *config, int kind, size_t i);
const char *config_titled_name(const struct config *config, int kind,
    size_t i);

/*
 * One more with its defaults.  It stays where it is until the next one is
 * added.  STATUS_CONFIG if its name is no name, or if there are too many.
 */
enum status config_titled_add(void **out, struct config *config, int kind,
    const char *name);

/* Are they the same, key by key?  The same order counts. */
bool config_titled_equal(const struct config *a, const struct config *b,
    int kind);

/*
 * Where the first difference lies: the place of its key, or that of the section
 * without a title if there are more of them, fewer, or others.
 */
void config_titled_difference(char out[CONFIG_PLACE_SIZE],
    const struct config *a, const struct config *b, int kind);

/* Add copies of all of them. */
enum status config_titled_copy(struct config *to, const struct config *from,
    int kind);

void config_titled_clear(struct config *config, int kind);

#endif
