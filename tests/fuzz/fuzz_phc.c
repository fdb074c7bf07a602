/* SPDX-License-Identifier: ISC */
/*
 * Any bytes as a hash: none that is accepted costs more than the bounds allow,
 * and each is written as it was read.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "password.h"
#include "phc.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	char text[PHC_TEXT_MAX], again[PHC_TEXT_MAX];
	struct phc phc;
	uint64_t work;

	if (len < sizeof(text) && memchr(bytes, '\0', len) == NULL) {
		memcpy(text, bytes, len);
		text[len] = '\0';
		(void)password_hash_work(&work, text);
		(void)password_hash_is_foreign(text);
	}
	if (phc_parse(&phc, (const char *)bytes, len) != STATUS_OK)
		return 0;
	phc_format(again, &phc);
	if (strlen(again) != len || memcmp(again, bytes, len) != 0)
		abort();
	return 0;
}
