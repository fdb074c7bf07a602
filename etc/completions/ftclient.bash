# SPDX-License-Identifier: ISC
#
# bash completion for ftclient.  It asks the program itself for its options and
# commands, so that it knows all that this one has.  No other host is asked.

# Long and short options in the text on standard input.
_ftclient_options()
{
	grep -oE -e '(^|[^[:alnum:]-])(--[a-z][a-z-]*|-[A-Za-z],)' |
	    grep -oE -e '-[-A-Za-z]+'
	:
}

# Letters of a command, as in "get [-apr]".
_ftclient_letters()
{
	sed -n '1s/^[^[]*\[-\([A-Za-z]*\)\].*/\1/p' | grep -o . | sed 's/^/-/'
}

# Does the option $1 take an argument, by the help $2?  Tells its name.
_ftclient_argument()
{
	printf '%s\n' "$2" |
	    sed -nE -e "s/^ *(-., )?--${1#--} ([A-Za-z/0-9]+)( .*)?\$/\2/p" \
		-e "s/^ *-${1#-}, --[a-z-]+ ([A-Z]+)( .*)?\$/\1/p" | head -n 1
}

# Hosts that the settings or the known hosts name, but for patterns.
_ftclient_hosts()
{
	local config=${FT_CONFIG:-${XDG_CONFIG_HOME:-$HOME/.config}/ftclient/config}
	local known=${XDG_STATE_HOME:-$HOME/.local/state}/ftclient/known_hosts

	if [ -r "$config" ]; then
		sed -n "s/^[[:space:]]*host[[:space:]]*[\"']\([^\"']*\)[\"'].*/\1/p" \
		    "$config" | tr -s '[:blank:]' '\n' | grep -v '[][*?]'
	fi
	if [ -r "$known" ]; then
		sed -n -e '/^#/d' -e 's/[[:space:]].*//;s/:4433$//;p' \
		    "$known"
	fi
	:
}

_ftclient()
{
	local program=$1 line=${COMP_LINE:0:COMP_POINT}
	local words current word help target='' verb='' choices='' files=''
	local i wants=''

	# COMP_WORDS is split at the colons and the @ of a target, too.
	read -ra words <<<"$line"
	current=''
	if [[ $line != *[[:blank:]] ]]; then
		current=${words[-1]}
		unset 'words[-1]'
	fi
	help=$("$program" --help 2>/dev/null) || return
	for ((i = 1; i < ${#words[@]}; i++)); do
		word=${words[i]}
		if [ -n "$wants" ]; then
			wants=''
		elif [ -z "$target" ] && [[ $word == -?* ]]; then
			[[ $word == *=* ]] ||
			    wants=$(_ftclient_argument "$word" "$help")
		elif [ -z "$target" ]; then
			target=$word
		elif [ -z "$verb" ]; then
			verb=$word
		fi
	done

	if [ -n "$wants" ]; then
		[ "$wants" != FILE ] || files=yes
	elif [ -z "$target" ] && [[ $current == -* ]]; then
		choices=$(printf '%s\n' "${help%%commands:*}" |
		    sed -n 's/^  \([ -].*\)/\1/p' | cut -c 1-30 |
		    _ftclient_options)
	elif [ -z "$target" ]; then
		choices=$(_ftclient_hosts)
		if [[ $current == *@* ]]; then
			choices=$(printf '%s\n' "$choices" |
			    sed "s|^|${current%%@*}@|")
		fi
	elif [ -z "$verb" ]; then
		choices=$(printf '%s\n' "${help#*commands:}" |
		    sed -n 's/^  \([a-z][a-z-]*\).*/\1/p')
	elif [[ $current == -* ]]; then
		help=$("$program" --config none localhost help "$verb" \
		    2>/dev/null)
		choices=$(printf '%s\n' "$help" | _ftclient_options
		    printf '%s\n' "$help" | _ftclient_letters)
	elif [ "$verb" = help ]; then
		choices=$(printf '%s\n' "${help#*commands:}" |
		    sed -n 's/^  \([a-z][a-z-]*\).*/\1/p')
	else
		case $verb in
		append|get|lcd|lls|mget|mput|put|sync)
			files=yes ;;
		esac
	fi

	COMPREPLY=()
	if [ -n "$files" ]; then
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
		return
	fi
	mapfile -t COMPREPLY < <(compgen -W "$choices" -- "$current")
	# Only what stands behind the last break is replaced.
	word=${COMP_WORDS[COMP_CWORD]-}
	if [ "$word" != "$current" ] && [[ $current == *"$word" ]]; then
		i=${current%"$word"}
		COMPREPLY=("${COMPREPLY[@]#"$i"}")
	fi
}

complete -F _ftclient ftclient
