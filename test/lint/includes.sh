#!/usr/bin/env bash
# includes.sh - a folder includes only folders below it; a library of others
# is included by its one owner; nothing is declared behind a header's back.
set -u
cd "${srcdir:-.}" || exit 99
bad=0

fail()
{
	echo "$*"
	bad=1
}

# The folders that each folder may include, besides itself. To add a folder,
# add a line.
declare -A below=(
	[base]=""
	[pgwire]="base"
	[sql]="base"
	[net]="base"
	[config]="base pgwire sql net"
	[cluster]="base pgwire sql net config"
	[pool]="base pgwire sql net config cluster"
	[admin]="base pgwire sql net config cluster pool"
	[web]="base pgwire sql net config cluster pool"
)

# Headers of libraries, as a pattern, and the files that may include them.
owners=(
	'<ev\.h>|^(src/net/loop\.[ch]|test/bench/multiplexer\.c)$'
	'<ares|^src/net/resolve\.c$'
	'<openssl/|^(src/(pgwire/(crypto|scram_keys|secret)|net/tls[a-z_]*)\.[ch]|test/unit/certs\.c)$'
	'<ini\.h>|^src/config/ini\.c$'
	'<libpq-fe\.h>|^(src/cluster/libpq\.c|test/.*)$'
	'<stringprep\.h>|^src/pgwire/saslprep\.c$'
	'<pg_query|^src/sql/parse\.c$'
	'<nodes/|^src/sql/parse\.c$'
	'<catalog/|^src/sql/parse\.c$'
	'<postgres|^src/sql/parse\.c$'
	'<microhttpd\.h>|^src/web/http\.c$'
	'<systemd/|^src/[a-z]*/?[a-z]*\.c$'
)

lint_direction()
{
	local file=$1 folder to
	folder=${file#src/}
	folder=${folder%/*}
	[ -n "${below[$folder]+set}" ] ||
	    fail "$file: folder $folder is not known to $0"
	while read -r to; do
		case $to in
		*/*)	case " $folder ${below[$folder]-} " in
			*" ${to%/*} "*) ;;
			*) fail "$file: may not include \"$to\"" ;;
			esac ;;
		*)	fail "$file: \"$to\" is included without its folder" ;;
		esac
	done < <(sed -n 's/^#include "\([^"]*\)".*/\1/p' "$file")
}

sources=$(find src -mindepth 2 -name '*.[ch]' | sort)
for file in $sources; do
	lint_direction "$file"
done

for owner in "${owners[@]}"; do
	header=${owner%%|*}
	allowed=${owner#*|}
	for file in $(grep -rlE "^#include $header" src test --include='*.[ch]')
	do
		[[ $file =~ $allowed ]] || fail "$file: may not include $header"
	done
done

for file in $(find src -name '*.c'); do
	! grep -nE '^[[:space:]]*extern\b' "$file" ||
	    fail "$file: declares extern; include the header instead"
done

# A header stands alone: its own source file includes it first.
for file in $(find src -mindepth 2 -name '*.c'); do
	own=${file#src/}
	own=${own%.c}.h
	[ -f "src/$own" ] || continue
	first=$(sed -n 's/^#include ["<]\([^">]*\)[">].*/\1/p;T;q' "$file")
	[ "$first" = "$own" ] || fail "$file: does not include \"$own\" first"
done

# The folder of notes beside the tree is nobody's to read but ours.
! grep -rnE '(^|[^[:alnum:]])sha''red/' . --exclude-dir=.git \
    --exclude-dir='build*' --exclude-dir=autom4te.cache ||
    fail "the lines above refer to files outside of the tree"

[ "$bad" = 0 ] && echo "includes: $(echo "$sources" | wc -w) files are fine"
exit $bad
