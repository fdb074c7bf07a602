/*
 * version - the opaque validator of a file: equal only while it is unchanged.
 */
#ifndef VERSION_H
#define VERSION_H

#include <stdint.h>
#include <sys/stat.h>

#define VERSION_SIZE 16

/* Made of inode, size, and the times of content and inode. */
void version_of(uint8_t out[VERSION_SIZE], const struct stat *st);

#endif
