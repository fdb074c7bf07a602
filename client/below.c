/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "below.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/openat2.h>

int
below_parent(int fd, const char *path, const char **name)
{
	struct open_how how = { .flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS };
	const char *slash = strrchr(path, '/');
	char *parent;
	int out;

	*name = slash != NULL ? slash + 1 : path;
	if (slash == NULL)
		return fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if ((parent = strndup(path, (size_t)(slash - path))) == NULL)
		return -1;
	out = (int)syscall(SYS_openat2, fd, parent, &how, sizeof(how));
	free(parent);
	return out;
}
