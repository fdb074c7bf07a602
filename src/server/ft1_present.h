/*
 * ft1_present - which fields a client's frame holds, as a set of bits, and
 * whether those of a request go together.
 */
#ifndef FT1_PRESENT_H
#define FT1_PRESENT_H

#include <stdint.h>

#include "ft1_decode.h"
#include "request.h"

#define HAS_VERSIONS	(UINT64_C(1) << 0)
#define HAS_USER	(UINT64_C(1) << 1)
#define HAS_METHOD	(UINT64_C(1) << 2)
#define HAS_RESPONSE	(UINT64_C(1) << 3)
#define HAS_PATH	(UINT64_C(1) << 4)
#define HAS_TARGET	(UINT64_C(1) << 5)
#define HAS_OFFSET	(UINT64_C(1) << 6)
#define HAS_LENGTH	(UINT64_C(1) << 7)
#define HAS_SIZE	(UINT64_C(1) << 8)
#define HAS_MODE	(UINT64_C(1) << 9)
#define HAS_MTIME	(UINT64_C(1) << 10)
#define HAS_TAKEN	(UINT64_C(1) << 11)
#define HAS_IF_ABSENT	(UINT64_C(1) << 12)
#define HAS_IF_VERSION	(UINT64_C(1) << 13)
#define HAS_DIGEST	(UINT64_C(1) << 14)
#define HAS_RECURSIVE	(UINT64_C(1) << 15)
#define HAS_PARENTS	(UINT64_C(1) << 16)
#define HAS_PATTERN	(UINT64_C(1) << 17)
#define HAS_KIND	(UINT64_C(1) << 18)
#define HAS_SIZE_LEAST	(UINT64_C(1) << 19)
#define HAS_SIZE_MOST	(UINT64_C(1) << 20)
#define HAS_NEWER	(UINT64_C(1) << 21)
#define HAS_OLDER	(UINT64_C(1) << 22)
#define HAS_DEPTH	(UINT64_C(1) << 23)
#define HAS_WAIT_LOCK	(UINT64_C(1) << 24)
#define HAS_SHARED	(UINT64_C(1) << 25)
#define HAS_UPLOAD	(UINT64_C(1) << 26)
#define HAS_TREE	(UINT64_C(1) << 27)
#define HAS_COUNT	(UINT64_C(1) << 28)
#define HAS_LINK	(UINT64_C(1) << 29)
#define HAS_MIME_WANTED	(UINT64_C(1) << 38)
#define HAS_BASIS	(UINT64_C(1) << 33)
#define HAS_TOTAL_WANTED (UINT64_C(1) << 39)
/* What is asked of the state of things before they are changed. */
#define HAS_IF		(HAS_IF_ABSENT | HAS_IF_VERSION)
#define HAS_TICKET_SECONDS (UINT64_C(1) << 63)

/* What the row of its type in ft1_decode.c does not say of a request. */
enum ft1_verdict ft1_judge(const struct request *request, uint64_t present);

#endif
