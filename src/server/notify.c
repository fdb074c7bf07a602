/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "notify.h"

#if HAVE_SYSTEMD

#include <stdint.h>

#include <systemd/sd-daemon.h>

#include "clock.h"

void
notify_ready(void)
{
	sd_notify(0, "READY=1");
}

void
notify_reloading(void)
{
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%ju", (uintmax_t)clock_us());
}

void
notify_stopping(void)
{
	sd_notify(0, "STOPPING=1");
}

size_t
notify_sockets(int *first)
{
	int count = sd_listen_fds(0);

	*first = SD_LISTEN_FDS_START;
	return count > 0 ? (size_t)count : 0;
}

#else

void
notify_ready(void)
{
}

void
notify_reloading(void)
{
}

void
notify_stopping(void)
{
}

size_t
notify_sockets(int *first)
{
	*first = -1;
	return 0;
}

#endif
