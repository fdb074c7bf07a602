/*
 * pager - the program that shows a text page by page, fed as it takes it.  It
 * has the terminal meanwhile, and SIGINT with it.
 *
 *	pager_begin, pager_write ..., pager_end
 */
#ifndef PAGER_H
#define PAGER_H

#include <stdbool.h>
#include <stddef.h>

#include "ftclient.h"
#include "status.h"

struct pager;

/* Start $PAGER, or else less or more. */
enum status pager_begin(struct pager **out, struct client *client);

/* Give it all of that, unless pager_is_content. */
enum status pager_write(struct pager *pager, const char *text, size_t len);

/* Does it want no more? */
bool pager_is_content(const struct pager *pager);

/* Can be read when it has ended. */
int pager_fd(const struct pager *pager);

/*
 * That was all: wait until it ends, and free it.  That the person left it
 * early, or by SIGINT, is no failure.  After a signal to end it is told so.
 */
enum status pager_end(struct pager *pager);

#endif
