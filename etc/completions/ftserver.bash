# SPDX-License-Identifier: ISC
#
# bash completion for ftserver, ftuser and ftctl, which are asked for their
# options and commands; bash finds it by the name of each.

_ftserver()
{
	local program=$1 current=${COMP_WORDS[COMP_CWORD]}
	local before=${COMP_WORDS[COMP_CWORD - 1]} help choices=''

	COMPREPLY=()
	help=$("$program" --help 2>/dev/null) || return
	case $before in
	--user|--listen|--cost)
		return ;;
	-f|--config|--file|--quick|--state|--password-file|import)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
		return ;;
	esac
	if [[ $current == -* ]]; then
		choices=$(printf '%s\n' "$help" | sed -n '/^  /p' |
		    grep -oE -e '(^|[[:blank:]])(--[a-z][a-z-]*|-[a-z],)' |
		    grep -oE -e '-[-a-z]+')
	else
		case ${program##*/}:$before in
		ftctl:store)	choices=check ;;
		ftctl:*ftctl)	choices=store ;;
		ftuser:*ftuser|ftuser:-*)
			choices=$(printf '%s\n' "$help" |
			    sed -n 's/^  \([a-z][a-z]*\) .*/\1/p' | sort -u) ;;
		esac
	fi
	mapfile -t COMPREPLY < <(compgen -W "$choices" -- "$current")
}

complete -F _ftserver ftserver ftuser ftctl
