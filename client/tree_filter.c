/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tree_filter.h"

#include <fnmatch.h>
#include <string.h>

#include "ft1.h"
#include "time_text.h"
#include "verb.h"

/* A pattern or a path, on its way from name to name. */
struct names {
	const char	*at;
	size_t		 left;
};

/*
 * --- Patterns ---------------------------------------------------------------
 */

static size_t
name_len(const struct names *names)
{
	const char *slash = memchr(names->at, '/', names->left);

	return slash != NULL ? (size_t)(slash - names->at) : names->left;
}

static void
step(struct names *names)
{
	size_t len = name_len(names);

	if (len < names->left)
		len++;
	names->at += len;
	names->left -= len;
}

static bool
is_any_depth(const struct names *pattern)
{
	return name_len(pattern) == 2 && memcmp(pattern->at, "**", 2) == 0;
}

static bool
name_fits(const char *pattern, size_t pattern_len, const char *name,
    size_t len)
{
	char glob[FT1_NAME_MAX + 1], text[FT1_NAME_MAX + 1];

	if (pattern_len >= sizeof(glob) || len >= sizeof(text))
		return false;
	memcpy(glob, pattern, pattern_len);
	glob[pattern_len] = '\0';
	memcpy(text, name, len);
	text[len] = '\0';
	return fnmatch(glob, text, 0) == 0;
}

/*
 * Name by name.  Where the rest does not fit, the ** that came last takes one
 * name more: what an earlier one could take makes no difference.
 */
static bool
path_fits(struct names pattern, struct names path)
{
	struct names retry = { NULL, 0 }, behind = { NULL, 0 };

	while (path.left > 0) {
		if (pattern.left > 0 && is_any_depth(&pattern)) {
			step(&pattern);
			behind = pattern;
			retry = path;
		} else if (pattern.left > 0 && name_fits(pattern.at,
		    name_len(&pattern), path.at, name_len(&path))) {
			step(&pattern);
			step(&path);
		} else if (retry.at != NULL) {
			step(&retry);
			path = retry;
			pattern = behind;
		} else
			return false;
	}
	return pattern.left == 0;
}

static bool
rule_fits(const char *glob, const char *path, size_t len, bool is_folder)
{
	struct names pattern = { glob, strlen(glob) };
	const char *slash = memrchr(path, '/', len), *name;

	if (pattern.left > 1 && glob[pattern.left - 1] == '/') {
		if (!is_folder)
			return false;
		pattern.left--;
	}
	if (memchr(glob, '/', pattern.left) == NULL) {
		name = slash != NULL ? slash + 1 : path;
		return name_fits(glob, pattern.left, name,
		    len - (size_t)(name - path));
	}
	if (*glob == '/') {
		pattern.at++;
		pattern.left--;
	}
	return path_fits(pattern, (struct names){ path, len });
}

static bool
admits(const struct tree_filter *filter, const char *path, size_t len,
    bool is_folder)
{
	size_t i;

	for (i = 0; i < filter->len; i++)
		if (rule_fits(filter->rules[i].value, path, len, is_folder))
			return filter->rules[i].option == OPTION_INCLUDE;
	return true;
}

bool
tree_filter_admits(const struct tree_filter *filter, const char *path,
    bool is_folder)
{
	return admits(filter, path, strlen(path), is_folder);
}

bool
tree_filter_reaches(const struct tree_filter *filter, const char *path,
    bool is_folder)
{
	const char *slash;

	if (filter->len == 0)
		return true;
	for (slash = strchr(path, '/'); slash != NULL;
	    slash = strchr(slash + 1, '/'))
		if (!admits(filter, path, (size_t)(slash - path), true))
			return false;
	return tree_filter_admits(filter, path, is_folder);
}

bool
tree_filter_fits(const struct tree_filter *filter, uint64_t size,
    struct file_time mtime)
{
	const struct file_time *newer = &filter->newer;

	return size >= filter->least && size <= filter->most &&
	    (!filter->has_newer || mtime.seconds > newer->seconds ||
	    (mtime.seconds == newer->seconds &&
	    mtime.nanoseconds > newer->nanoseconds));
}

bool
tree_filter_is_any(const struct tree_filter *filter)
{
	return filter->len > 0 || filter->has_newer || filter->least > 0 ||
	    filter->most < UINT64_MAX;
}

/*
 * --- Options ----------------------------------------------------------------
 */

static enum status
check_rules(const struct tree_filter *filter)
{
	const char *glob;
	size_t i;

	for (i = 0; i < filter->len; i++) {
		glob = filter->rules[i].value;
		if (strlen(glob) > FT1_PATH_MAX)
			return status_set(STATUS_USAGE,
			    "a pattern has at most %u bytes", FT1_PATH_MAX);
		if (strstr(glob, "//") != NULL || strcmp(glob, "/") == 0)
			return status_set(STATUS_USAGE,
			    "%.64s: no path fits such a pattern", glob);
	}
	return STATUS_OK;
}

enum status
tree_filter_read(struct tree_filter *out, const struct arguments *arguments,
    int64_t now)
{
	const char *newer = arguments->options[OPTION_NEWER_THAN];
	enum status st;

	memset(out, 0, sizeof(*out));
	out->most = UINT64_MAX;
	out->rules = arguments->given;
	out->len = arguments->given_len;
	out->has_newer = newer != NULL;
	st = check_rules(out);
	if (st == STATUS_OK)
		st = verb_size(&out->least,
		    arguments->options[OPTION_MIN_SIZE]);
	if (st == STATUS_OK)
		st = verb_size(&out->most,
		    arguments->options[OPTION_MAX_SIZE]);
	if (st == STATUS_OK && newer != NULL)
		st = time_text_parse(&out->newer, newer, now);
	return st;
}
