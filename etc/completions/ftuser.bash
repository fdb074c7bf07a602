# SPDX-License-Identifier: ISC
#
# bash completion for ftuser, which is asked for its options and commands.

_ftuser()
{
	local program=$1 current=${COMP_WORDS[COMP_CWORD]}
	local before=${COMP_WORDS[COMP_CWORD - 1]} help choices=''

	COMPREPLY=()
	help=$("$program" --help 2>/dev/null) || return
	case $before in
	--user|--listen|--cost)
		return ;;
	-f|--config|--file|--quick|--state|--password-file)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
		return ;;
	esac
	if [[ $current == -* ]]; then
		choices=$(printf '%s\n' "$help" | sed -n '/^  /p' |
		    grep -oE -e '(^|[[:blank:]])(--[a-z][a-z-]*|-[a-z],)' |
		    grep -oE -e '-[-a-z]+')
	elif [ "$COMP_CWORD" -eq 1 ] || [[ $before == -* ]]; then
		choices=$(printf '%s\n' "$help" |
		    sed -n 's/^  \([a-z][a-z]*\) .*/\1/p' | sort -u)
	elif [ "$before" = import ]; then
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
		return
	fi
	mapfile -t COMPREPLY < <(compgen -W "$choices" -- "$current")
}

complete -F _ftuser ftuser
