#!/bin/bash
# SPDX-License-Identifier: ISC
#
# ftuser does what it says, says what went wrong, and its exit codes can be
# relied on.  Hashes are cheap here but for one.
#
# Texts and hashes hold backquotes and dollars of their own:
# shellcheck disable=SC2016,SC2094

set -u
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
users=$work/users
passed=0
failed=0
cheap=--cost=m=8,t=1,p=1

ftuser()
{
	"$FT_BUILD/ftuser" -f "$users" "$@"
}

# with PASSWORD COMMAND ...: the password comes by standard input.
with()
{
	local password=$1

	shift
	printf '%s\n' "$password" | ftuser --stdin $cheap "$@"
}

# it SENTENCE COMMAND ...: the sentence holds if the command succeeds.
it()
{
	local sentence=$1

	shift
	if "$@" >log 2>&1; then
		passed=$((passed + 1))
		printf 'ok: %s\n' "$sentence"
	else
		failed=$((failed + 1))
		printf 'FAILED: %s\n' "$sentence"
		cat log
	fi
}

# fails CODE TEXT COMMAND ...: with that exit code, that text, and no change.
fails()
{
	local code=$1 text=$2 got=0

	shift 2
	cp -p "$users" before 2>/dev/null
	"$@" >said 2>&1 </dev/null || got=$?
	cat said
	[ "$got" -eq "$code" ] || { echo "exit code $got"; return 1; }
	grep -qF -- "$text" said || { echo "no word of: $text"; return 1; }
	[ ! -e before ] || cmp before "$users"
}

# with_fails CODE TEXT PASSWORD ARGUMENT ...
with_fails()
{
	local code=$1 text=$2 password=$3

	shift 3
	printf '%s\n' "$password" >password
	chmod 600 password
	fails "$code" "$text" ftuser --password-file password $cheap "$@"
}

# line NAME: the user's line
line()
{
	grep "^$1:" "$users"
}

has_keys()
{
	local keys

	keys=$(line "$1" | cut -d: -f3)
	[ "$keys" = "$2" ] || { echo "keys: $keys"; return 1; }
}

it 'add makes the file and a user' with secret add alice root=/a rights=read
it 'the new file has mode 640' test "$(stat -c %a "$users")" = 640
it 'the keys are in the line' has_keys alice root=/a,rights=read
it 'the password is not in the file' test -z "$(grep secret "$users")"
it 'verify takes the right password' with secret verify alice
it 'verify refuses the wrong one with 77' \
    with_fails 77 'not the password' Secret verify alice
it 'verify of an unknown user is 66' \
    with_fails 66 'no user carl' secret verify carl
it 'add of a user who is there is 73' \
    with_fails 73 'there already' secret add alice
it 'an empty password is refused' with_fails 64 'is empty' '' add bob
it 'a bad name is refused' with_fails 64 'letters, digits' x add 'a b'
it 'add makes a group, and asks for no password' \
    ftuser add @staff rights=read
groups_and_quotas()
{
	with x add tom root=/tom groups=@staff quota_bytes=1M || return 1
	ftuser list | grep -qE '^tom .* @?staff +1048576/- +/tom$' || return 1
	ftuser del tom
}
it 'list shows groups and quotas' groups_and_quotas

whole_base()
{
	with x add zoe >said 2>&1 || return 1
	grep -qF 'zoe may reach the whole base; give root=/zoe' said || return 1
	ftuser del zoe
	with x add zoe root=/ >said 2>&1 && [ ! -s said ] && ftuser del zoe
}
it 'add without root= tells what that means' whole_base
it 'an unknown group is told how to make' \
    with_fails 78 '`ftuser add @crew`' x add zoe root=/z groups=@crew
it 'a group has no password' fails 64 'a group has no' ftuser passwd @staff
it 'so that nobody is it' with_fails 64 'a group has no' x verify @staff
it 'a mistyped key is refused with the nearest' \
    with_fails 64 'did you mean `rights`' x add bob rigths=read
it 'a mistyped right is refused with the nearest' \
    with_fails 64 'did you mean `full`' x add bob rights=ful
it 'a root outside is refused' with_fails 64 '`..`' x add bob root=/../x
it 'add takes any bytes of a path' \
    with x add bob $'root=/x,y: %\n\xc3\xa9\xff'
it 'they are escaped in the file' \
    has_keys bob root=/x%2Cy%3A%20%25%0A%C3%A9%FF

list_is_escaped()
{
	ftuser list >list || return 1
	cat list
	[ "$(wc -l <list)" -eq 3 ] && grep -qF '/x,y: %\né\xff' list &&
	    grep -qE '^@staff +active +group +read +- +- +- +-$' list &&
	    grep -qE '^alice +active +argon2id:m=8,t=1,p=1 +read +- +- +- +/a$' list
}
it 'list shows one line for each user and group, escaped' list_is_escaped
it 'del takes a group out, too' ftuser del @staff

it 'set changes and adds keys' ftuser set alice rights=drop base=big
it 'the others stay' has_keys alice root=/a,rights=drop,base=big
it 'set KEY= removes one' ftuser set alice base= root=
it 'it is gone' has_keys alice rights=drop
it 'set of an unknown user is 66' fails 66 'no user carl' \
    ftuser set carl rights=read

printf '# a comment\n\n' >>"$users"
sed -i 's/^alice:.*/&,future=1/' "$users"
it 'lock locks' ftuser lock alice
it 'unknown keys stay' has_keys alice rights=drop,future=1,locked=yes
it 'a locked user is refused with the right password' \
    with_fails 77 'is locked' secret verify alice
it 'unlock unlocks' ftuser unlock alice
it 'the password is still good' with secret verify alice
it 'comments stay' grep -q '# a comment' "$users"

it 'passwd changes the password' with other passwd alice
it 'the new one is good' with other verify alice
it 'the old one is not' with_fails 77 'not the password' secret verify alice
it 'passwd keeps the keys' has_keys alice rights=drop,future=1
it 'passwd of an unknown user is 66, unasked' fails 66 'no user carl' \
    ftuser passwd carl
it 'del removes' ftuser del bob
it 'the user is gone' fails 66 'no user bob' ftuser del bob

default_cost()
{
	echo secret | ftuser --stdin add dear || return 1
	line dear | grep -qF '$argon2id$v=19$m=65536,t=3,p=1$' || return 1
	echo secret | ftuser --stdin verify dear
}
it 'without --cost a hash has the default cost' default_cost
it 'del takes that one out again' ftuser del dear

echo secret >loose
chmod 644 loose
it 'a password file that others read is refused with the chmod' \
    fails 78 'chmod 600 loose' ftuser --password-file loose verify alice
it 'a missing one is 66' fails 66 nowhere \
    ftuser --password-file nowhere verify alice
it 'without a terminal there is a word of --password-file' \
    fails 64 '--password-file FILE or --stdin' setsid -w "$FT_BUILD/ftuser" -f "$users" \
    passwd alice
head -c 1025 /dev/zero | tr '\0' x >long
chmod 600 long
it 'a password of over 1024 bytes is refused' \
    fails 64 'at most 1024' ftuser --password-file long passwd alice
it 'two sources of a password are refused' fails 64 'not go together' \
    ftuser --stdin --password-file loose verify alice

it 'a mistyped command is named with the nearest' \
    fails 64 'did you mean `passwd`' ftuser pasword alice
it 'a mistyped option is named with the nearest' \
    fails 64 'did you mean `--stdin`' ftuser --stdni list
it 'an option without its argument is refused' fails 64 'needs an argument' \
    ftuser --cost
it 'a missing argument shows the usage' fails 64 'usage: ftuser set NAME' \
    ftuser set alice
it 'a cost out of bounds is refused' fails 64 'm from 8 to' \
    ftuser --cost m=4194304 passwd alice
it 'no command at all is refused' fails 64 'command is missing' ftuser
it '--version tells it' "$FT_BUILD/ftuser" --version

broken_file()
{
	cp -p "$users" good
	echo 'eve:$1$abc$def:' >>"$users"
	fails 78 "$users:5: a hash of the kind MD5" ftuser lock alice
	local got=$?
	mv good "$users"
	return $got
}
it 'a broken file is refused by line' broken_file

loose_file()
{
	chmod 644 "$users"
	fails 78 "chmod 640 $users" ftuser lock alice
	local got=$?
	chmod 640 "$users"
	return $got
}
it 'a file that others read is refused with the chmod' loose_file
it 'a missing file is 66' fails 66 'No such file' \
    "$FT_BUILD/ftuser" -f "$work/none" list
it 'a missing folder is an error' fails 66 'No such file' \
    "$FT_BUILD/ftuser" -f "$work/none/users" --password-file password \
    add alice

# What shadow(5) and htpasswd hold.
cat >shadow <<'END'
daemon:*:19000:0:99999:7:::
gone:!:19000:0:99999:7:::
yes:$y$j75$6dfaFpHBAtfthXO5.WtYc/$aF/YYdr8z7F1MhPlflOm3wniV7/43V4UzZeWD2GE5yA:19000:0:99999:7:::
held:!$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW:19000::::::
END
import_counts()
{
	ftuser import shadow >said || return 1
	grep -qx '2 users imported, 2 without a password skipped' said
}
it 'import takes shadow lines and counts them' import_counts
it 'a bcrypt user can be verified' \
    with_fails 77 'held is locked' 'U*U' verify held
it 'a yescrypt user can be verified' with x verify yes
it 'import twice is 73' fails 73 'held stands there already' \
    ftuser import shadow
cat >weak <<'END'
one:$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW
two:$apr1$etNnh7FA$OlM7eljE/B7F1J4XYNnk81
three
four::
END
it 'import of weak hashes names the line and does nothing' \
    fails 78 'weak:2: a hash of the kind Apache' ftuser import weak
it 'it names each of them' grep -q 'weak:4:' said
it 'nobody of them is there' test -z "$(grep ^one: "$users")"
import_stdin()
{
	head -n 1 weak | ftuser import && with 'U*U' verify one
}
it 'import reads standard input' import_stdin

editors()
{
	local i pids=()

	for i in 1 2 3 4 5 6; do
		(for j in 1 2 3; do with x add "u$i.$j" || exit 1; done) &
		pids+=($!)
	done
	for i in "${pids[@]}"; do
		wait "$i" || return 1
	done
	[ "$(grep -c '^u[1-6]\.[1-3]:' "$users")" -eq 18 ]
}
it 'of six editors at once no edit is lost' editors

waits_in_vain()
{
	python3 - "$users.lock" "$FT_BUILD/ftuser" -f "$users" lock alice <<-'END'
	import fcntl, subprocess, sys
	lock = open(sys.argv[1], "r+")
	fcntl.lockf(lock, fcntl.LOCK_EX)
	got = subprocess.run(sys.argv[2:], stderr=subprocess.PIPE)
	print(got)
	sys.exit(got.returncode != 75 or b"somebody else" not in got.stderr)
	END
}
it 'an editor who waits ten seconds in vain gives up with 75' waits_in_vain
it 'nothing but the lock is left beside the file' \
    test "$(echo users*)" = 'users users.lock'

printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
