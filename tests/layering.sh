#!/bin/bash
# SPDX-License-Identifier: ISC
#
# Includes point one way:
#
#	common	knows nobody
#	users	knows common
#	store	knows common
#	server	knows users, store and common
#	admin	knows users, store and common
#	client	knows common
#
# Command handlers know neither the session, nor TLS, nor FT/1, so that a
# second protocol needs no change in one.  Headers include each other in no
# circle.  Libraries have no writable globals.

set -u
cd "${FT_SOURCE:-$(dirname "$0")/..}" || exit 1
build=${FT_BUILD:-.}
passed=0
failed=0

complain()
{
	printf '%s\n' "$*"
	failed=$((failed + 1))
}

# The folder of each header of ours.
declare -A home
for header in src/*/*.h client/*.h; do
	[ -e "$header" ] || continue
	name=${header##*/}
	[ -z "${home[$name]:-}" ] ||
	    complain "$header:1: ${home[$name]} has a header of that name too"
	home[$name]=${header%/*}
done

may_know()
{
	case $1 in
	src/common)	echo src/common ;;
	src/users)	echo src/users src/common ;;
	src/store)	echo src/store src/common ;;
	src/server)	echo src/server src/users src/store src/common ;;
	src/admin)	echo src/admin src/users src/store src/common ;;
	client)		echo client src/common ;;
	esac
}

# Each include of a source, as "LINE NAME"; a system header keeps its "<".
includes()
{
	sed -n -e '/^[[:space:]]*#[[:space:]]*include[[:space:]]/!d' \
	    -e = -e 's/^[^"<]*["]*\([^">]*\).*/\1/p' "$1" | paste -d ' ' - -
}

# check_include SOURCE LINE NAME
check_include()
{
	local folder=${1%/*}

	case $1:$3 in
	src/server/command*:session*.h|src/server/command*:tls*.h|\
	src/server/command*:ft1*.h|src/server/command*:'<openssl/'*)
		complain "$1:$2: a command handler must not know $3" ;;
	esac
	case $3 in
	config.h|'<'*)
		return ;;
	esac
	if [ -z "${home[$3]:-}" ]; then
		complain "$1:$2: there is no header $3"
		return
	fi
	case " $(may_know "$folder") " in
	*" ${home[$3]} "*)	;;
	*)	complain "$1:$2: $folder must not know ${home[$3]}/$3" ;;
	esac
}

circle=
for source in src/*/*.[ch] client/*.[ch]; do
	[ -e "$source" ] || continue
	before=$failed
	while read -r line name; do
		[ -n "$line" ] || continue
		check_include "$source" "$line" "$name"
		case $source in
		*.h)	circle="$circle${source##*/} $name"$'\n' ;;
		esac
	done <<<"$(includes "$source")"
	[ "$failed" -gt "$before" ] || passed=$((passed + 1))
done

if ! loop=$(tsort <<<"$circle" 2>&1 >/dev/null); then
	complain "headers include each other in a circle:"$'\n'"$loop"
fi

# The class and section of a symbol tell: D, B and C are writable, but
# for .data.rel.ro, which only the linker writes.
writable_globals()
{
	nm -A -f sysv --defined-only "$1" 2>/dev/null |
	    awk -F '|' '{ gsub(/ /, "") }
		$3 ~ /^[DBCGS]$/ && $7 !~ /^\.data\.rel\.ro/ &&
		$1 !~ /:__odr_asan/ { print $1 }'
}

for library in "$build"/*.a; do
	[ -e "$library" ] || continue
	globals=$(writable_globals "$library")
	if [ -n "$globals" ]; then
		complain "writable globals: $globals"
	else
		passed=$((passed + 1))
	fi
done

printf '%s passed, %s failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
