#!/bin/bash
# SPDX-License-Identifier: ISC
#
# What make-certs makes can be trusted, and nothing it made is ever lost.

set -u
make_certs=$FT_SOURCE/certs/make-certs
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
certs=$work/tls
passed=0
failed=0

# it SENTENCE COMMAND ...: the sentence holds if the command succeeds.
it()
{
	local sentence=$1

	shift
	if "$@" >"$work/log" 2>&1; then
		passed=$((passed + 1))
		printf 'ok: %s\n' "$sentence"
	else
		failed=$((failed + 1))
		printf 'FAILED: %s\n' "$sentence"
		cat "$work/log"
	fi
}

# fails_with CODE COMMAND ...
fails_with()
{
	local code=$1 got=0

	shift
	"$@" || got=$?
	[ "$got" -eq "$code" ] || { echo "exit code $got"; return 1; }
}

fails()
{
	! "$@"
}

verifies()
{
	openssl verify -x509_strict -purpose sslserver -CAfile "$certs/ca.crt" \
	    "$@" "$certs/server.crt"
}

# says TEXT FILE: the certificate's description holds the text.
says()
{
	openssl x509 -in "$2" -noout -text | grep -F -e "$1"
}

pin()
{
	openssl x509 -in "$certs/server.crt" -noout -pubkey |
	    openssl pkey -pubin -outform DER | openssl dgst -sha256
}

all_private()
{
	[ -z "$(find "$certs" -type f ! -perm 600)" ]
}

has_only()
{
	[ "$(cd "$1" && echo * .[!.]*)" = "$2" ]
}

sum()
{
	cat "$certs"/*.key "$certs"/*.crt | sha256sum
}

is_same()
{
	[ "$1" = "$2" ] || { printf '%s\n%s\n' "$1" "$2"; return 1; }
}

differs()
{
	[ "$1" != "$2" ]
}

key_fits()
{
	is_same "$(openssl pkey -in "$certs/server.key" -pubout)" \
	    "$(openssl x509 -in "$certs/server.crt" -noout -pubkey)"
}

it "it makes a CA and a server certificate" \
    "$make_certs" -d "$certs" new files.example.org '*.drop.example.org' \
    127.0.0.1 2001:db8::7
it "the chain verifies for a TLS server" verifies
it "the DNS name is in it" verifies -verify_hostname files.example.org
it "the star stands for one label" verifies -verify_hostname a.drop.example.org
it "another name is not in it" \
    fails_with 2 verifies -verify_hostname www.example.org
it "the IPv4 address is in it, as an address" verifies -verify_ip 127.0.0.1
it "the IPv6 address is in it, as an address" verifies -verify_ip 2001:db8::7
it "another address is not in it" fails_with 2 verifies -verify_ip 127.0.0.2
it "the key belongs to the certificate" key_fits
it "keys are ECDSA P-256" says prime256v1 "$certs/server.crt"
it "the server may sign, and no more" \
    says "Digital Signature" "$certs/server.crt"
it "the server may be a TLS server" \
    says "TLS Web Server Authentication" "$certs/server.crt"
it "the server is no CA" says "CA:FALSE" "$certs/server.crt"
it "the CA makes no further CA" says "CA:TRUE, pathlen:0" "$certs/ca.crt"
it "it is valid now, and for a year" \
    openssl x509 -in "$certs/server.crt" -noout -checkend $((365 * 86400))
it "it is not valid for 398 days" \
    fails_with 1 openssl x509 -in "$certs/server.crt" -noout -checkend \
    $((398 * 86400))
it "nobody else can read what it made" all_private
it "it leaves nothing else behind" \
    has_only "$certs" "ca.crt ca.key server.crt server.key .[!.]*"

before=$(sum)
it "it refuses to overwrite a certificate" \
    fails_with 73 "$make_certs" -d "$certs" new other.example.org
it "and what was there is untouched" is_same "$before" "$(sum)"

before=$(pin)
old=$(openssl x509 -in "$certs/server.crt" -noout -serial)
it "it renews" "$make_certs" -D 30 -d "$certs" renew
it "the renewed chain verifies" verifies -verify_hostname files.example.org
it "the renewed one has the same addresses" verifies -verify_ip 2001:db8::7
it "pins stay good over a renewal" is_same "$before" "$(pin)"
it "the renewed one is another certificate" \
    differs "$old" "$(openssl x509 -in "$certs/server.crt" -noout -serial)"
it "the old one is kept" test -s "$certs/server.crt.old"
it "the days asked for are kept" \
    fails_with 1 openssl x509 -in "$certs/server.crt" -noout -checkend \
    $((31 * 86400))
it "what it renewed is private too" all_private

mkdir "$work/second"
cp "$certs/ca.key" "$certs/ca.crt" "$work/second"
it "a second server gets its certificate from the same CA" \
    "$make_certs" -d "$work/second" new other.example.org
it "which the same clients trust" \
    openssl verify -CAfile "$certs/ca.crt" "$work/second/server.crt"

for bad in "a b" "-x" "300.1.1.1" "1.2.3" "a..b" "x.*.y" "" "a,DNS:b" \
    "1:2" "\$(id)"; do
	it "it refuses the name '$bad'" \
	    fails "$make_certs" -d "$work/bad" new "$bad"
done
it "a refused name leaves no file" fails_with 2 ls "$work/bad/ca.key"
it "it refuses to make a certificate for no name" \
    fails_with 64 "$make_certs" -d "$work/bad" new
it "it refuses a term of 0 days" \
    fails_with 64 "$make_certs" -D 0 -d "$work/bad" new a.example
it "it does not renew what is not there" \
    fails_with 66 "$make_certs" -d "$work/none" renew

printf '%s passed, %s failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
