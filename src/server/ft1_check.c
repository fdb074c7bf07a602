/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "ft1_decode.h"
#include "ft1_state.h"

static bool
is_of_client(uint8_t type)
{
	return type == FT1_HELLO || type == FT1_LOGIN ||
	    type == FT1_RESPONSE || type == FT1_PING || type == FT1_CANCEL ||
	    type == FT1_DATA ||
	    (type >= FT1_LIST && type <= FT1_REQUEST_LAST);
}

static bool
has_good_flags(const struct ft1_header *header)
{
	unsigned int allowed = 0;

	if (ft1_is_request(header->type))
		allowed = FT1_CHAINED;
	if (header->type == FT1_ABORT || header->type == FT1_UNLOCK)
		allowed |= FT1_NOW;
	return (header->flags & ~allowed) == 0;
}

bool
ft1_check_header(struct ft1 *ft1, const struct ft1_header *header)
{
	uint32_t most = header->type == FT1_DATA ? FT1_MAX_DATA :
	    FT1_MAX_REQUEST;
	const char *wrong = NULL;

	if (!is_of_client(header->type))
		wrong = "a frame of a type that no client sends";
	else if (header->length > most)
		wrong = "a frame that is too long";
	else if (header->reserved != 0)
		wrong = "a frame whose reserved bits are set";
	else if (!has_good_flags(header))
		wrong = "a frame with flags that it cannot have";
	else if ((header->id == 0) != (header->type == FT1_HELLO))
		wrong = "a frame with a wrong request id";
	else if (header->type == FT1_DATA && header->length <= FT1_OFFSET_SIZE)
		wrong = "a data frame without data";
	if (wrong != NULL)
		(void)ft1_broken(ft1, wrong);
	return wrong == NULL;
}

bool
ft1_check_id(struct ft1 *ft1, const struct ft1_header *header)
{
	if (!ft1_is_request(header->type) && header->type != FT1_LOGIN &&
	    header->type != FT1_PING)
		return true;
	if (header->id <= ft1->last_id) {
		(void)ft1_broken(ft1,
		    "a request id that is not above the one before");
		return false;
	}
	ft1->last_id = header->id;
	return true;
}
