#!/bin/bash
# SPDX-License-Identifier: ISC
#
# Every program has a page, the page and --help name the same options, every
# page is well formed and gets installed, every page of ours that another one
# refers to is there, and the map of CONTRIBUTING.md names each source.

set -u
cd "${FT_SOURCE:-$(dirname "$0")/..}" || exit 1
build=${FT_BUILD:-.}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0
failed=0

# verdict SENTENCE PROBLEM: without a problem the sentence holds.
verdict()
{
	if [ -z "$2" ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		printf 'FAILED: %s\n%s\n' "$1" "$2"
	fi
}

options_of_help()
{
	grep -oE -e '(^|[^[:alnum:]-])--[a-z][a-z0-9-]*' "$1" |
	    sed 's/^[^-]*//' | sort -u
}

options_of_page()
{
	grep -oE 'Fl -[a-z][a-z0-9-]*' "$1" | sed 's/^Fl /-/' | sort -u
}

check_program()
{
	local program=$1 page=$2

	"$build/$program" --help >"$work/text" 2>"$work/noise" ||
	    echo "exit code $?" >>"$work/noise"
	verdict "$program --help is no error" "$(cat "$work/noise")"
	options_of_help "$work/text" >"$work/help"
	options_of_page "$page" >"$work/page"
	verdict "$page has each option of $program --help" \
	    "$(comm -23 "$work/help" "$work/page")"
	verdict "$program --help has each option of $page" \
	    "$(comm -13 "$work/help" "$work/page")"
	verdict "$program --help has --help" \
	    "$(grep -qx -e --help "$work/help" || cat "$work/text")"
}

# Each .Xr of the page $1, as "NAME.SECTION".
references()
{
	sed -n 's/^\.Xr \([^ ]*\) \([0-9]\).*/\1.\2/p' "$1" | sort -u
}

check_page()
{
	local page=$1 other

	verdict "$page is well formed" \
	    "$(mandoc -T lint -W warning "$page" 2>&1)"
	verdict "$page gets installed" \
	    "$(grep -qwF "$page" Makefile.am || echo "not in Makefile.am")"
	for other in $(references "$page"); do
		case $other in
		ft*)	verdict "$page refers to a page that exists" \
			    "$([ -e "man/$other" ] || echo "$other")" ;;
		esac
	done
}

# The names of all sources, without the .c and .h of a pair.
sources()
{
	local file name

	for file in src/*/*.[ch] client/*.[ch]; do
		name=${file%.[ch]}
		if [ -e "$name.c" ] && [ -e "$name.h" ]; then
			file=$name
		fi
		echo "${file##*/}"
	done | sed 's/^main\.c$/main/' | sort -u
}

check_map()
{
	sources >"$work/sources"
	sed -n '/^## The map/,/^## Adding/s/^    \([a-z0-9_]*\(\.[ch]\)\{0,1\}\)  *[^ ].*/\1/p' \
	    CONTRIBUTING.md | grep -v '^clients$' | sed 's/^main\.c$/main/' |
	    sort -u >"$work/map"
	verdict "the map of CONTRIBUTING.md has each source" \
	    "$(comm -23 "$work/sources" "$work/map")"
	verdict "the map of CONTRIBUTING.md has nothing else" \
	    "$(comm -13 "$work/sources" "$work/map")"
}

for program in ftserver ftclient ftuser ftctl; do
	[ -x "$build/$program" ] || continue
	page=$(echo "man/$program".[18])
	if [ -e "$page" ]; then
		check_program "$program" "$page"
	else
		verdict "$program has a page" "there is no $page"
	fi
done
for page in man/*.[1-8]; do
	[ ! -e "$page" ] || check_page "$page"
done

check_map

printf '%s passed, %s failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
