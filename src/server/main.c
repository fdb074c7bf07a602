/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "monitor.h"

int
main(int argc, char **argv)
{
	return monitor_main(argc, argv, NULL);
}
