/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "services.h"

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
