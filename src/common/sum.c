/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "sum.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <xxhash.h>

struct sum {
	EVP_MD_CTX	*sha256;	/* owned; one of these two */
	XXH3_state_t	*xxh128;	/* owned */
};

static bool
is_method(const char *method, size_t len, const char *name)
{
	return len == strlen(name) && memcmp(method, name, len) == 0;
}

static enum status
failed(void)
{
	return status_set(STATUS_IO, "the digest cannot be made");
}

enum status
sum_begin(struct sum **out, const char *method, size_t len)
{
	bool is_good = true;
	struct sum *sum;

	*out = NULL;
	if ((sum = calloc(1, sizeof(*sum))) == NULL)
		return STATUS_NO_MEMORY;
	if (is_method(method, len, "sha256"))
		is_good = (sum->sha256 = EVP_MD_CTX_new()) != NULL &&
		    EVP_DigestInit_ex(sum->sha256, EVP_sha256(), NULL) == 1;
	else if (is_method(method, len, "xxh128"))
		is_good = (sum->xxh128 = XXH3_createState()) != NULL &&
		    XXH3_128bits_reset(sum->xxh128) == XXH_OK;
	else {
		free(sum);
		return status_set(STATUS_UNSUPPORTED,
		    "sums are made by sha256 and xxh128");
	}
	if (!is_good) {
		sum_drop(sum);
		return STATUS_NO_MEMORY;
	}
	*out = sum;
	return STATUS_OK;
}

enum status
sum_update(struct sum *sum, const void *bytes, size_t len)
{
	bool is_good;

	is_good = sum->sha256 != NULL ?
	    EVP_DigestUpdate(sum->sha256, bytes, len) == 1 :
	    XXH3_128bits_update(sum->xxh128, bytes, len) == XXH_OK;
	return is_good ? STATUS_OK : failed();
}

enum status
sum_end(struct sum *sum, uint8_t out[SUM_MOST], size_t *len)
{
	XXH128_canonical_t canonical;
	unsigned int n = 0;

	if (sum->sha256 != NULL) {
		if (EVP_DigestFinal_ex(sum->sha256, out, &n) != 1)
			return failed();
		*len = n;
		return STATUS_OK;
	}
	XXH128_canonicalFromHash(&canonical,
	    XXH3_128bits_digest(sum->xxh128));
	memcpy(out, canonical.digest, sizeof(canonical.digest));
	*len = sizeof(canonical.digest);
	return STATUS_OK;
}

void
sum_drop(struct sum *sum)
{
	if (sum == NULL)
		return;
	EVP_MD_CTX_free(sum->sha256);
	XXH3_freeState(sum->xxh128);
	free(sum);
}
