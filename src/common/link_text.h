/*
 * link_text - what a symbolic link says.
 */
#ifndef LINK_TEXT_H
#define LINK_TEXT_H

#include <stdbool.h>

/*
 * Does a link at `path` ("a/b", seen from a folder) with that text lead to a
 * place in the folder?  It may climb only at its beginning, and only over
 * folders that are above it: where ".." stood behind a name, that name could
 * be a link, and what is above it be anywhere.  Where all links in a folder
 * are so, none leads out of it, not even over another one.
 */
bool link_text_stays(const char *path, const char *text);

#endif
