#!/bin/bash
# SPDX-License-Identifier: ISC
#
# The form of the C sources: what .clang-format says, and the budgets of
# CONTRIBUTING.md.  Needs clang-format 14 or later; run by CI.
#
# clang-format knows no tab between a type and a name, and has views of its
# own on where a long line breaks, so both are taken out of what is compared:
# indentation, braces and spaces are left.

set -u
cd "${FT_SOURCE:-$(dirname "$0")/..}" || exit 1
top=$(mktemp -d)
trap 'rm -rf "$top"' EXIT
cores=$(getconf _NPROCESSORS_ONLN)
passed=0
failed=0

# Words of C++ that are names in C.
as_cpp()
{
	sed -E 's/\b(catch|class|delete|new|private|public|this|try)\b/c_\1/g' "$1"
}

# Join what continues a line: its indentation ends with spaces, or the line
# before ends with a comma or an operator.  A run of blanks counts as a space,
# and those that clang-format takes for C++ as none.  Macros of several lines
# are left out.
flatten()
{
	awk '
	function flush() { if (line != "") print line; line = "" }
	macro || /^[ \t]*#.*\\$/ { macro = /\\$/; next }
	{
		match($0, /^[ \t]*/)
		indent = substr($0, 1, RLENGTH)
		rest = substr($0, RLENGTH + 1)
		gsub(/[ \t]+/, " ", rest)
		sub(/ $/, "", rest)
		joins = indent ~ / $/ || line ~ /(,|&&|\|\||==|!=|=)$/ ||
		    rest ~ /^[?:]/ || line ~ /"$/ && rest ~ /^"/
		if (joins && line != "" && rest !~ /^[*#]/) {
			line = line " " rest
			next
		}
		flush()
		line = indent rest
		if (rest == "")
			print ""
	}
	END { flush() }' "$1" |
	    sed -e 's/( /(/g; s/; )/;)/g; s/) \([({]\)/)\1/g' \
		-e 's/ -> /->/g; s/ \*(/ * (/g'
}

budgets()
{
	awk -v file="$1" '
	function complain(line, text) { print file ":" line ": " text }
	function width(text,   n, i) {
		for (i = 1; i <= length(text); i++)
			n = substr(text, i, 1) == "\t" ? n + 8 - n % 8 : n + 1
		return n
	}
	FNR == 1 && $0 !~ /SPDX-License-Identifier: ISC/ && file !~ /\.h$/ {
		complain(1, "the first line is no SPDX line")
	}
	width($0) > 80 { complain(FNR, "over 80 columns") }
	/[ \t]$/ { complain(FNR, "blanks at the end of the line") }
	/^ +[^ *]/ && !/^    [^ ]/ { complain(FNR, "indented by spaces") }
	/^[ \t]*\/\// { complain(FNR, "a comment of C++") }
	/(^|[^A-Z])(TODO|FIXME|XXX)([^A-Z]|$)/ { complain(FNR, "unfinished") }
	/^\t\t\t\t\t[^ \t]/ && code { complain(FNR, "nested too deep") }
	/^[a-z_0-9]+\(/ { head = $0; at = FNR; open = 1 }
	open && FNR > at { head = head $0 }
	open && /\)[^,]*$/ {
		open = 0
		# OpenSSL has a say in the signatures of callbacks.
		if (split(head, unused, ",") > 5 && head !~ /[{};]/ &&
		    head !~ /SSL \*|CRYPTO_EX_DATA/)
			complain(at, "over 5 parameters")
	}
	/^{/ { begun = FNR; code = 1 }
	/^}/ {
		if (code && FNR - begun - 1 > 60)
			complain(begun, "a function of " FNR - begun - 1 " lines")
		code = 0
	}
	END {
		most = file ~ /\.h$/ ? 250 : 500
		if (FNR > most)
			complain(FNR, "over " most " lines")
	}' "$1"
}

check_file()
{
	local problems

	as_cpp "$1" >"$work/source.c"
	clang-format --style="file:$PWD/.clang-format" "$work/source.c" \
	    >"$work/formatted" || return 1
	flatten "$work/source.c" >"$work/ours"
	flatten "$work/formatted" >"$work/theirs"
	problems=$(budgets "$1"
	    diff -u --label "$1" --label "$1, formatted" \
		"$work/ours" "$work/theirs")
	[ -z "$problems" ] || { printf '%s\n' "$problems"; return 1; }
}

# lane N: each of the files whose turn it is, in a folder of its own.
lane()
{
	local i work=$top/$1

	mkdir "$work" || return
	for ((i = $1; i < ${#files[@]}; i += cores)); do
		if check_file "${files[i]}"; then
			passed=$((passed + 1))
		else
			failed=$((failed + 1))
		fi
	done
	echo "$passed $failed" >"$work/count"
}

files=(src/*/*.[ch] client/*.[ch] tests/*/*.[ch])
for ((n = 0; n < cores; n++)); do
	lane "$n" &
done
wait
for ((n = 0; n < cores; n++)); do
	# A lane that broke off has said nothing.
	read -r good bad <"$top/$n/count" || { good=0; bad=1; }
	passed=$((passed + good))
	failed=$((failed + bad))
done

printf '%s passed, %s failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
