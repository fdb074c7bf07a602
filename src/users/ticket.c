/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "ticket.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <string.h>

#define TICKET_VERSION 1
#define MAC_LEN 32

/* Where the parts lie; the name of the user is followed by the MAC. */
#define AT_KEY 1
#define AT_LOGIN (AT_KEY + TICKET_NAME_LEN)
#define AT_EXPIRY (AT_LOGIN + 8)
#define AT_NAME_LEN (AT_EXPIRY + 8)
#define AT_NAME (AT_NAME_LEN + 1)

_Static_assert(AT_NAME + USER_NAME_MAX + MAC_LEN <= TICKET_MAX,
    "the longest ticket fits");

static void
put_u64(uint8_t *out, uint64_t n)
{
	int i;

	for (i = 7; i >= 0; i--, n >>= 8)
		out[i] = (uint8_t)n;
}

static uint64_t
get_u64(const uint8_t *bytes)
{
	uint64_t n = 0;
	int i;

	for (i = 0; i < 8; i++)
		n = n << 8 | bytes[i];
	return n;
}

/* The MAC of the first `len` bytes of a ticket and the user's line. */
static enum status
compute_mac(uint8_t mac[MAC_LEN], const struct ticket_key *key,
    const uint8_t *bytes, size_t len, const struct user *user)
{
	uint8_t message[TICKET_MAX + USER_DIGEST_LEN];
	size_t mac_len;

	memcpy(message, bytes, len);
	memcpy(message + len, user->digest, USER_DIGEST_LEN);
	if (EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, key->mac,
	    sizeof(key->mac), message, len + USER_DIGEST_LEN, mac, MAC_LEN,
	    &mac_len) == NULL || mac_len != MAC_LEN)
		return status_set(STATUS_IO, "cannot compute HMAC-SHA256");
	return STATUS_OK;
}

static enum status
refuse(void)
{
	return status_set(STATUS_LOGIN_REFUSED,
	    "the ticket is not or no longer good: log in with the password");
}

enum status
ticket_make(uint8_t out[TICKET_MAX], size_t *len,
    const struct ticket_rules *rules, const struct ticket_holder *holder)
{
	const struct ticket_key *key = &rules->keys->key[0];
	size_t name_len = strlen(holder->user->name);
	uint64_t last = holder->login_time + rules->login_lifetime;
	enum status st;

	*len = 0;
	if (last < holder->login_time || last > holder->expires)
		last = holder->expires;
	if (last <= rules->now)
		return refuse();
	out[0] = TICKET_VERSION;
	memcpy(out + AT_KEY, key->name, TICKET_NAME_LEN);
	put_u64(out + AT_LOGIN, holder->login_time);
	put_u64(out + AT_EXPIRY, last);
	out[AT_NAME_LEN] = (uint8_t)name_len;
	memcpy(out + AT_NAME, holder->user->name, name_len);
	st = compute_mac(out + AT_NAME + name_len, key, out,
	    AT_NAME + name_len, holder->user);
	if (st == STATUS_OK)
		*len = AT_NAME + name_len + MAC_LEN;
	return st;
}

/* Whether the times of a genuine ticket allow its use now. */
static bool
is_in_time(const struct ticket_holder *holder, const struct ticket_rules *rules)
{
	/* Written so that no sum can run over. */
	return holder->expires > rules->now &&
	    holder->login_time <= rules->now + TICKET_SKEW &&
	    (holder->login_time >= rules->now ||
	    rules->now - holder->login_time < rules->login_lifetime);
}

enum status
ticket_check(struct ticket_holder *out, const struct users *users,
    const struct ticket_rules *rules, const uint8_t *bytes, size_t len)
{
	const struct ticket_key *key;
	struct ticket_holder holder;
	uint8_t mac[MAC_LEN];
	size_t signed_len;
	enum status st;

	memset(out, 0, sizeof(*out));
	if (len < AT_NAME + MAC_LEN || len > TICKET_MAX ||
	    bytes[0] != TICKET_VERSION ||
	    len != (size_t)AT_NAME + bytes[AT_NAME_LEN] + MAC_LEN)
		return refuse();
	signed_len = len - MAC_LEN;
	key = ticket_keys_find(rules->keys, bytes + AT_KEY);
	holder.user = users_find(users, (const char *)bytes + AT_NAME,
	    bytes[AT_NAME_LEN]);
	if (key == NULL || holder.user == NULL)
		return refuse();
	st = compute_mac(mac, key, bytes, signed_len, holder.user);
	if (st != STATUS_OK)
		return st;
	if (CRYPTO_memcmp(mac, bytes + signed_len, MAC_LEN) != 0)
		return refuse();
	holder.login_time = get_u64(bytes + AT_LOGIN);
	holder.expires = get_u64(bytes + AT_EXPIRY);
	if (holder.user->locked || !is_in_time(&holder, rules))
		return refuse();
	*out = holder;
	return STATUS_OK;
}
