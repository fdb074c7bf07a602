/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "services.h"

#include <string.h>

struct settings *
services_settings(struct services *services)
{
	struct settings *settings;

	pthread_mutex_lock(&services->mutex);
	settings = settings_ref(services->settings);
	pthread_mutex_unlock(&services->mutex);
	return settings;
}

void
services_replace_settings(struct services *services, struct settings *settings)
{
	struct settings *old;

	pthread_mutex_lock(&services->mutex);
	old = services->settings;
	services->settings = settings;
	pthread_mutex_unlock(&services->mutex);
	settings_unref(old);
}

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
