/* SPDX-License-Identifier: ISC */
/*
 * Any bytes as what a person tells the client: a line of words, a destination.
 * What is read of a destination can be said again.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "destination.h"
#include "words.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void
must(bool good)
{
	if (!good)
		abort();
}

static void
try_words(const char *text, size_t len)
{
	struct words words;
	size_t all = 0;

	if (words_split(&words, text) != STATUS_OK)
		return;
	for (int i = 0; i < words.len; i++)
		all += strlen(words.at[i]);
	must(all <= len && words.at[words.len] == NULL);
	words_free(&words);
}

static void
try_destination(const char *text)
{
	struct destination destination, again;
	char name[DESTINATION_NAME_SIZE];

	if (destination_parse(&destination, text) != STATUS_OK)
		return;
	must(destination.host[0] != '\0' && destination.port[0] != '\0');
	/* No host has these in its name, but %XX can write them. */
	if (strpbrk(destination.host, "/@[]") != NULL)
		return;
	destination_name(name, &destination);
	must(destination_parse(&again, name) == STATUS_OK);
	must(strcmp(again.host, destination.host) == 0 &&
	    strcmp(again.port, destination.port) == 0 &&
	    again.user[0] == '\0' && again.path[0] == '\0');
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	char *text;

	if ((text = malloc(len + 1)) == NULL)
		return 0;
	memcpy(text, bytes, len);
	text[len] = '\0';
	try_words(text, strlen(text));
	try_destination(text);
	free(text);
	return 0;
}
