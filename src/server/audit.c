/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "audit.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "escape.h"
#include "log.h"

#define QUOTED_ROOM 1600	/* two of them leave room for the rest */

struct line {
	char	text[4096];
	size_t	len;
};

static void add(struct line *line, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void
add(struct line *line, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line->text + line->len, sizeof(line->text) - line->len,
	    fmt, ap);
	va_end(ap);
	if (n > 0)
		line->len += (size_t)n;
	if (line->len >= sizeof(line->text))
		line->len = sizeof(line->text) - 1;
}

/* Quotes would end the value early. */
static void
quote(char out[QUOTED_ROOM], const char *escaped)
{
	size_t len = 0;

	for (; *escaped != '\0' && len < QUOTED_ROOM - 4; escaped++)
		if (*escaped == '"') {
			memcpy(out + len, "\\x22", 4);
			len += 4;
		} else
			out[len++] = *escaped;
	out[len] = '\0';
}

/* KEY="VALUE", so short that there is room for what follows. */
static void
add_quoted(struct line *line, const char *key, const char *value)
{
	char escaped[QUOTED_ROOM], quoted[QUOTED_ROOM];

	if (value == NULL || *value == '\0')
		return;
	escape_string(escaped, sizeof(escaped), value);
	quote(quoted, escaped);
	add(line, " %s=\"%s\"", key, quoted);
}

static void
add_hex(struct line *line, const char *key, const uint8_t *bytes)
{
	char hex[DIGEST_HEX_SIZE];

	if (bytes == NULL)
		return;
	digest_hex(hex, bytes);
	add(line, " %s=%s", key, hex);
}

void
audit(const struct audit_who *who, const struct audit_event *event)
{
	struct line line;

	if (!log_is_on(LOG_LEVEL_NOTICE))
		return;
	line.len = 0;
	add(&line, "audit %s", event->verb);
	add_quoted(&line, "user", who->user);
	add(&line, " address=%s", who->address);
	add_quoted(&line, "path", event->path);
	add_quoted(&line, "target", event->target);
	if (event->has_bytes)
		add(&line, " bytes=%llu", (unsigned long long)event->bytes);
	if (event->has_count)
		add(&line, " count=%llu", (unsigned long long)event->count);
	if (event->began_us != 0)
		add(&line, " us=%llu",
		    (unsigned long long)(clock_us() - event->began_us));
	add_hex(&line, "digest", event->digest);
	add_hex(&line, "upload", event->upload_id);
	add(&line, " outcome=%s", status_word(event->outcome));
	log_escaped(who->session, line.text);
}

void
audit_gather(void)
{
	log_gather();
}

void
audit_flush(void)
{
	log_flush();
}
