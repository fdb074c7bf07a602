/*
 * below - names in the folders below one of this machine, reached without any
 * symbolic link on the way, whatever has become of those folders meanwhile.
 */
#ifndef BELOW_H
#define BELOW_H

/*
 * Open the folder that `path` ("a/b") stands in; `*name` points at its last
 * component.  -1 with errno.
 */
int below_parent(int fd, const char *path, const char **name);

#endif
