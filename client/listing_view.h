/*
 * listing_view - the entries of a folder on their way to the screen: sorted
 * by name as long as they fit into 32 MiB, else as they come.
 */
#ifndef LISTING_VIEW_H
#define LISTING_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "report.h"
#include "status.h"

struct listing_view;

/* The report is borrowed. */
enum status listing_view_new(struct listing_view **out, bool is_long,
    struct report *report);
void listing_view_free(struct listing_view *view);

/* A row of entries as ENTRIES has them; STATUS_PROTOCOL if it is broken. */
enum status listing_view_add(struct listing_view *view, const uint8_t *row,
    size_t len);

/* How many there were so far. */
uint64_t listing_view_count(const struct listing_view *view);

/* Show what is not shown yet. */
enum status listing_view_end(struct listing_view *view);

#endif
