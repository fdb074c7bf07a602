/*
 * listing_view - the entries of a folder on their way to standard output:
 * sorted by name as long as they and their lines fit into 32 MiB, else as they
 * come.  On a terminal names have the colours of colors.h.
 */
#ifndef LISTING_VIEW_H
#define LISTING_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "report.h"
#include "status.h"

struct listing_view;

enum listing_style {
	LISTING_PLAIN,		/* type, size, time and name, or a report */
	LISTING_LONG,		/* with the mode */
	LISTING_COLUMNS		/* names, side by side */
};

/* The report is borrowed. */
enum status listing_view_new(struct listing_view **out,
    enum listing_style style, struct report *report);

/* In lines, MIME types stand in front of the names from now on. */
void listing_view_show_types(struct listing_view *view);
void listing_view_free(struct listing_view *view);

/* A row of entries as ENTRIES has them; STATUS_PROTOCOL if it is broken. */
enum status listing_view_add(struct listing_view *view, const uint8_t *row,
    size_t len);

/* How many there were so far. */
uint64_t listing_view_count(const struct listing_view *view);

/* Show what is not shown yet. */
enum status listing_view_end(struct listing_view *view);

#endif
