/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "config_keys.h"

#include "server_config.h"

#define COUNT_MAX 1000000u
#define DAY 86400u
#define YEAR (365u * DAY)

static const char *const flag_words[] = { "no", "yes", NULL };
static const char *const version_words[] = { "1.3", "1.2", NULL };
static const char *const durability_words[] = { "commit", "async", NULL };
static const char *const share_words[] = { "base", "commit", "async", NULL };
static const char *const level_words[] = { "error", "notice", "info", "debug",
	"trace", NULL };

const char *const config_sections[] = { "", "tls", "limits", "login",
	CONFIG_BASE, CONFIG_SHARE, NULL };

#define AT(field) offsetof(struct config, field)
#define NAMED(section_, name_) \
	.full = section_ "." name_, .section = section_, .name = name_
#define NUMBER(section_, name_, field, fallback_, least_, most_) \
	{ \
		NAMED(section_, name_), .type = CONFIG_NUMBER, \
		.offset = AT(field), .fallback = fallback_, \
		.least = least_, .most = most_ \
	}
#define FIXED_NUMBER(section_, name_, field, fallback_, least_, most_) \
	{ \
		NAMED(section_, name_), .type = CONFIG_NUMBER, \
		.offset = AT(field), .fallback = fallback_, \
		.least = least_, .most = most_, .is_fixed = true \
	}
#define PATH(section_, name_, field) \
	{ \
		NAMED(section_, name_), .type = CONFIG_PATH, \
		.offset = AT(field) \
	}

const struct config_key config_keys[] = {
	{ .full = "listen", .section = "", .name = "listen",
	    .type = CONFIG_LIST, .offset = AT(listen),
	    .fallback = "0.0.0.0:4433, [::]:4433", .is_fixed = true },
	{ .full = "user", .section = "", .name = "user",
	    .type = CONFIG_TEXT, .offset = AT(user), .is_fixed = true },
	{ .full = "state", .section = "", .name = "state",
	    .type = CONFIG_PATH, .offset = AT(state),
	    .fallback = LOCALSTATEDIR "/lib/ftserver", .is_fixed = true },
	{ .full = "log_level", .section = "", .name = "log_level",
	    .type = CONFIG_CHOICE, .offset = AT(log_level),
	    .fallback = "notice", .words = level_words },

	PATH("tls", "certificate", certificate),
	PATH("tls", "private_key", private_key),
	{ NAMED("tls", "minimum"), .type = CONFIG_FLAG, .offset = AT(tls12),
	    .fallback = "1.3", .words = version_words },
	PATH("tls", "ticket_keys", ticket_keys),
	NUMBER("tls", "ticket_key_lifetime", ticket_key_lifetime, "43200",
	    0, YEAR),

	FIXED_NUMBER("limits", "workers", workers, "0", 0, 1024),
	FIXED_NUMBER("limits", "login_threads", login_threads, "0", 0, 256),
	FIXED_NUMBER("limits", "max_sessions", max_sessions, "10000",
	    1, COUNT_MAX),
	NUMBER("limits", "max_per_address", max_per_address, "1000",
	    1, COUNT_MAX),
	NUMBER("limits", "login_queue", login_queue, "64", 1, 10000),
	NUMBER("limits", "login_tries", login_tries, "3", 1, 100),
	NUMBER("limits", "lockout_tries", lockout_tries, "10", 0, 1000),
	NUMBER("limits", "lockout_time", lockout_time, "300", 1, DAY),
	NUMBER("limits", "handshake_timeout", handshake_timeout, "10", 1, DAY),
	NUMBER("limits", "login_timeout", login_timeout, "60", 1, DAY),
	NUMBER("limits", "idle_timeout", idle_timeout, "900", 1, YEAR),
	NUMBER("limits", "stall_timeout", stall_timeout, "60", 1, DAY),
	NUMBER("limits", "lock_timeout", lock_timeout, "60", 1, DAY),
	NUMBER("limits", "drain_timeout", drain_timeout, "30", 0, DAY),
	NUMBER("limits", "stage_expiry", stage_expiry, "604800", 60, YEAR),

	{ NAMED("login", "user_file"), .type = CONFIG_PATH,
	    .offset = AT(user_file), .fallback = SYSCONFDIR "/ftserver/users",
	    .is_fixed = true },
	NUMBER("login", "lifetime", login_lifetime, "28800", 60, YEAR),
	NUMBER("login", "ticket_lifetime", ticket_lifetime, "600", 10, 600),
	NUMBER("login", "hash_memory", hash_cost.memory_kib, "65536",
	    PHC_MEMORY_MIN, PHC_MEMORY_MAX),
	NUMBER("login", "hash_passes", hash_cost.passes, "3",
	    1, PHC_PASSES_MAX),
	NUMBER("login", "hash_lanes", hash_cost.lanes, "1", 1, PHC_LANES_MAX),
	{ NAMED("login", "renew_hashes"), .type = CONFIG_FLAG,
	    .offset = AT(renew_hashes), .fallback = "yes",
	    .words = flag_words },

	{ NAMED(CONFIG_BASE, "path"), .type = CONFIG_PATH,
	    .offset = offsetof(struct config_base, path), .is_fixed = true },
	{ NAMED(CONFIG_BASE, "durability"), .type = CONFIG_CHOICE,
	    .offset = offsetof(struct config_base, durability),
	    .fallback = "commit", .words = durability_words,
	    .is_fixed = true },

	{ NAMED(CONFIG_SHARE, "path"), .type = CONFIG_PATH,
	    .offset = offsetof(struct config_share, path) },
	{ NAMED(CONFIG_SHARE, "base"), .type = CONFIG_TEXT,
	    .offset = offsetof(struct config_share, base) },
	{ NAMED(CONFIG_SHARE, "allow"), .type = CONFIG_LIST,
	    .offset = offsetof(struct config_share, allow) },
	{ NAMED(CONFIG_SHARE, "durability"), .type = CONFIG_CHOICE,
	    .offset = offsetof(struct config_share, durability),
	    .fallback = "base", .words = share_words },
	{ NAMED(CONFIG_SHARE, "quota_bytes"), .type = CONFIG_SIZE,
	    .offset = offsetof(struct config_share, quota_bytes),
	    .fallback = "0" },
	{ NAMED(CONFIG_SHARE, "quota_files"), .type = CONFIG_SIZE,
	    .offset = offsetof(struct config_share, quota_files),
	    .fallback = "0" },
	{ .name = NULL }
};
