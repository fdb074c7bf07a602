#!/bin/bash
# SPDX-License-Identifier: ISC
#
# The tests of the handlers run with a face of their own.  They link nothing of
# FT/1, of sessions or of TLS: so a second face needs no change in a handler.

set -u
build=${FT_BUILD:-.}
passed=0
failed=0

for name in check_handlers check_handlers_files check_handlers_get \
    check_handlers_get_tree check_handlers_put; do
	program=$build/tests/unit/$name
	foreign=$(nm "$program") || { echo "nm cannot read $program"; exit 1; }
	if ! grep -q ' T command_run$' <<<"$foreign"; then
		echo "$program holds no handler"
		failed=$((failed + 1))
	elif foreign=$(grep -iE ' [a-z] (ft1_|session_|tls_|SSL_)' <<<"$foreign")
	then
		echo "$program holds what no handler may need: $foreign"
		failed=$((failed + 1))
	else
		passed=$((passed + 1))
	fi
done

printf '%s passed, %s failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
