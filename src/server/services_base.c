/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "services.h"

#include <string.h>

/* Apart from services.c: handlers look bases up, and link no TLS. */
const struct base *
services_base(const struct services *services, const char *name)
{
	if (name == NULL)
		return services->base_count > 0 ? services->bases[0] : NULL;
	for (size_t i = 0; i < services->base_count; i++)
		if (strcmp(base_name(services->bases[i]), name) == 0)
			return services->bases[i];
	return NULL;
}
