/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "fleet_split.h"

#include <stdlib.h>

struct long_file {
	size_t		 number;
	uint64_t	 size;
};

static int
compare_size(const void *a, const void *b)
{
	const struct long_file *left = a, *right = b;

	if (left->size != right->size)
		return left->size > right->size ? -1 : 1;
	return left->number < right->number ? -1 : 1;
}

static int
compare_number(const void *a, const void *b)
{
	const size_t *left = a, *right = b;

	return *left < *right ? -1 : *left > *right;
}

/* Into `files`, if that is not NULL; returns how many. */
static size_t
find_long(struct long_file *files, const struct fleet_work *work)
{
	size_t i, n = 0;
	uint64_t size;

	for (i = 0; i < work->count; i++) {
		size = work->size(work->owner, i);
		if (size < FLEET_SPLIT_LEAST)
			continue;
		if (files != NULL)
			files[n] = (struct long_file){ i, size };
		n++;
	}
	return n;
}

/* How many are to be split; the largest ones stand first. */
static size_t
count_split(const struct long_file *files, size_t len, unsigned int jobs)
{
	double sum = 0;		/* a server may tell of any sizes */
	size_t i;

	for (i = 0; i < len; i++)
		sum += (double)files[i].size;
	for (i = 0; i < len && ((len - i) % jobs != 0 ||
	    (double)files[i].size > 2 * sum / (double)(len - i)); i++)
		sum -= (double)files[i].size;
	return i;
}

enum status
fleet_split(struct fleet_split *out, const struct fleet_work *work,
    unsigned int jobs)
{
	size_t i, len = find_long(NULL, work);
	struct long_file *files;

	*out = (struct fleet_split){ 0 };
	if (len == 0)
		return STATUS_OK;
	files = calloc(len, sizeof(*files));
	out->numbers = calloc(len, sizeof(*out->numbers));
	if (files == NULL || out->numbers == NULL) {
		free(files);
		fleet_split_clear(out);
		return status_no_memory();
	}
	len = find_long(files, work);
	qsort(files, len, sizeof(*files), compare_size);
	out->len = count_split(files, len, jobs);
	for (i = 0; i < out->len; i++)
		out->numbers[i] = files[i].number;
	qsort(out->numbers, out->len, sizeof(*out->numbers), compare_number);
	free(files);
	return STATUS_OK;
}

void
fleet_split_clear(struct fleet_split *split)
{
	free(split->numbers);
	*split = (struct fleet_split){ 0 };
}
