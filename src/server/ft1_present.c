/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "ft1_present.h"

/*
 * A PUT begins an upload at a path, takes one up by its id (a path only leads
 * into its share), or a part of it by id, offset and length.
 */
static enum ft1_verdict
judge_put(uint64_t present)
{
	uint64_t part = present & (HAS_OFFSET | HAS_LENGTH);
	bool is_good;

	if ((present & (HAS_UPLOAD | HAS_PATH)) == 0)
		return FT1_BAD;
	if ((present & HAS_TREE) != 0) {
		if ((present & (HAS_TAKEN | HAS_IF | HAS_BASIS)) != 0)
			return FT1_UNKNOWN;
		present &= ~HAS_TREE;
	}
	if ((present & (HAS_BASIS | HAS_SIZE)) == HAS_BASIS)
		return FT1_UNKNOWN;
	if ((present & HAS_UPLOAD) == 0)
		return part == 0 ? FT1_GOOD : FT1_UNKNOWN;
	is_good = (present & ~(HAS_UPLOAD | HAS_PATH | HAS_WAIT_LOCK |
	    part)) == 0 &&
	    (part == 0 || part == (HAS_OFFSET | HAS_LENGTH));
	return is_good ? FT1_GOOD : FT1_UNKNOWN;
}

/* A TREE begins a folder at a path, or takes one up by its id. */
static enum ft1_verdict
judge_tree(uint64_t present, uint8_t taken)
{
	if ((present & HAS_UPLOAD) != 0)
		return present == HAS_UPLOAD ? FT1_GOOD : FT1_UNKNOWN;
	if ((present & HAS_PATH) == 0)
		return FT1_BAD;
	return taken != 0 || (present & HAS_TAKEN) == 0 ? FT1_GOOD :
	    FT1_UNKNOWN;
}

enum ft1_verdict
ft1_judge(const struct request *request, uint64_t present)
{
	switch (request->verb) {
	case VERB_PUT:
		return judge_put(present);
	case VERB_TREE:
		return judge_tree(present, request->taken);
	case VERB_MKDIR:
		return (present & HAS_TREE) != 0 &&
		    (present & (HAS_PARENTS | HAS_IF)) != 0 ?
		    FT1_UNKNOWN : FT1_GOOD;
	case VERB_STAT:
		return request->link.len == 0 ? FT1_GOOD : FT1_UNKNOWN;
	case VERB_SYMLINK:
		return request->link.len > 0 ? FT1_GOOD : FT1_BAD;
	default:
		return request->taken > 1 ? FT1_UNKNOWN : FT1_GOOD;
	}
}
