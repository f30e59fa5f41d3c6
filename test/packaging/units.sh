#!/usr/bin/env bash
# units.sh - the units of systemd, the configuration of the package and the
# completion of bash are right, and agree with the program.
. "${0%/*}/../e2e/lib.sh"

packaging=$E2E/../../packaging
units=$packaging/systemd
units_there=(pgweir.service pgweir@.service pgweir.socket)
exposure=2.0

# value UNIT KEY: the last that the unit says.
value()
{
	sed -n "s/^$2=//p" "$units/$1" | tail -n 1
}

# setting NAME: what the package's pgweir.ini says.
setting()
{
	sed -n "s/^$1 = //p" "$packaging/debian/pgweir.ini"
}

if command -v systemd-analyze >/dev/null; then
	it 'systemd finds nothing wrong with the units'
	# The program is not installed here, and not in /usr.
	mkdir "$T/units"
	for unit in "${units_there[@]}"; do
		sed "s|/usr/bin/pgweir|$PGWEIR|" "$units/$unit" >"$T/units/$unit"
	done
	expect 'said' "$(systemd-analyze verify --man=no \
		"$T/units/pgweir.service" "$T/units/pgweir@one.service" \
		"$T/units/pgweir.socket" 2>&1)" ''

	for unit in pgweir.service pgweir@.service; do
		it "the sandbox of $unit"
		figure=$(systemd-analyze security --offline=true --no-pager \
			"$units/$unit" | sed -n 's/.*exposure level.*: \([0-9.]*\) .*/\1/p')
		echo "systemd-analyze security: $figure, at most $exposure wanted"
		expect_match 'a figure' "$figure" '^[0-9]'
		expect_at_most 'exposure' "$figure" "$exposure"
	done
else
	echo 'no systemd-analyze: verify and security are left out'
fi

it 'service and template differ in nothing but names'
expect 'differences' "$(diff <(sed 's/pgweir\.ini(5)/MANUAL/
		s/ (%i)$//; s/%i\.ini/pgweir.ini/; s/^RuntimeDirectory=pgweir-%i/RuntimeDirectory=pgweir/
		/^RuntimeDirectoryPreserve/d; /^#/d' "$units/pgweir@.service") \
	<(sed 's/pgweir\.ini(5)/MANUAL/
		/^RuntimeDirectoryPreserve/d; /^#/d' "$units/pgweir.service"))" ''

it 'socket, service and configuration name the same places'
port=$(setting listen_port)
folder=$(setting unix_socket_dir)
expect 'streams' "$(sed -n 's/^ListenStream=//p' "$units/pgweir.socket")" \
	"$(setting listen_addr):$port"$'\n'"$folder/.s.PGSQL.$port"
expect 'folder' "/run/$(value pgweir.service RuntimeDirectory)" "$folder"
expect 'file of the service' "$(value pgweir.service ExecStart)" \
	'/usr/bin/pgweir /etc/pgweir/pgweir.ini'

it 'the configuration of the package loads as it is, and answers'
"${as_user[@]}" mkdir "$T/run"
sed "s|/etc/pgweir|$T|; s|^listen_addr = .*|listen_addr = $HOST|
	s|^listen_port = .*|listen_port = $PORT|
	s|$folder|$T/run|" "$packaging/debian/pgweir.ini" >"$T/pgweir.ini"
cp "$packaging/debian/userlist.txt" "$T/userlist.txt"
chmod 644 "$T/pgweir.ini" "$T/userlist.txt"
expect 'pgweir --check' "$("$PGWEIR" --check "$T/pgweir.ini" 2>&1)" \
	"$T/pgweir.ini: ok"
pgweir_start
expect_failure 'nobody has filled it in' 'FATAL' \
	env PGPASSWORD=x psql -X -h "$HOST" -p "$PORT" -U postgres postgres
expect_match 'the console for the own user' \
	"$("${as_user[@]}" psql -XAtq -h "$T/run" -p "$PORT" -U pgbouncer \
		pgbouncer -c 'show version')" '[0-9]'
pgweir_stop

it 'bash completes every option of the program'
# shellcheck source=packaging/bash-completion/pgweir
. "$packaging/bash-completion/pgweir"
options=$(sed -n '/long_options\[\]/,/^};/s/.*{ "\([a-z]*\)", .*/--\1/p' \
	"$E2E/../../src/options.c" | sort)
expect_match 'options.c has some' "$options" '--check.*--version'
COMP_WORDS=(pgweir --) COMP_CWORD=1
_pgweir "$PGWEIR"
expect 'long ones' "$(printf '%s\n' "${COMPREPLY[@]}" | sort)" "$options"
COMP_WORDS=(pgweir --user '') COMP_CWORD=2
_pgweir "$PGWEIR"
expect_match 'users' " ${COMPREPLY[*]} " ' root '
cd "$T"
COMP_WORDS=(pgweir p) COMP_CWORD=1
_pgweir "$PGWEIR"
expect 'files' "$(printf '%s ' "${COMPREPLY[@]}")" 'pids pgweir.ini '
cd "$BUILD"

# As root, because logrotate becomes the user that its file names.
if command -v logrotate >/dev/null && [ "$(id -u)" -eq 0 ]; then
	it 'the log goes on after logrotate'
	"${as_user[@]}" mkdir -m 750 "$T/log"
	sed "s|/var/log/pgweir|$T/log|; s|pgweir pgweir|nobody nogroup|
		/^\t\tif/,/^\t\tfi/c kill -HUP \$(cat $T/pids/pgweir)" \
		"$packaging/debian/logrotate" >"$T/logrotate"
	pgweir_start "logfile = $T/log/pgweir.log"
	logrotate --state "$T/state" --force "$T/logrotate"
	wait_for '[ -s "$T/log/pgweir.log" ]'
	expect 'files' "$(cd "$T/log" && stat -c '%n %a' -- * | tr '\n' ' ')" \
		'pgweir.log 640 pgweir.log.1 640 '
	pgweir_stop
	expect_match 'its last words' "$(tail -n 2 "$T/log/pgweir.log")" 'SIGQUIT'
fi

# ---- what the sandbox lets through ----------------------------------------

! is_sanitized || exit 0
strace -qq -o /dev/null true 2>/dev/null || exit 0
command -v systemd-analyze >/dev/null || exit 0

# allowed GROUP...: the system calls of these groups and the groups in them.
allowed()
{
	local group line

	for group; do
		while read -r line; do
			case $line in
			\#* | "$group" | '') ;;
			@*) allowed "$line" ;;
			*) echo "$line" ;;
			esac
		done < <(systemd-analyze --no-pager syscall-filter "$group")
	done
}

it 'the program asks the kernel for nothing that the unit forbids'
read -ra good <<<"$(sed -n 's/^SystemCallFilter=\([^~]\)/\1/p' \
	"$units/pgweir.service" | tr '\n' ' ')"
read -ra bad <<<"$(sed -n 's/^SystemCallFilter=~//p' \
	"$units/pgweir.service" | tr '\n' ' ')"
allowed @default "${good[@]}" | sort -u >"$T/good"
allowed "${bad[@]}" | sort -u >"$T/bad"
expect 'the filter was read' \
	"$(grep -cx -e read -e epoll_wait "$T/good") $(grep -cx chroot "$T/bad")" \
	'2 1'
pg_start
cp "$PGWEIR" "$T/bin/traced"
chmod 755 "$T/bin/traced"
rm -f "$T/bin/pgweir"
printf '#!/bin/sh\nexec strace -D -f -qq -o %s %s "$@"\n' \
	"$T/trace" "$T/bin/traced" >"$T/bin/pgweir"
chmod 755 "$T/bin/pgweir"
# With the limit that the unit sets, hard and soft.
ulimit -n "$(ulimit -Hn)"
pgweir_start '
[databases]
byname = host=localhost port='"$PG_PORT"' dbname=postgres
* = host='"$HOST port=$PG_PORT"
query 'select 1' >/dev/null
# Nobody listens there: it is for the resolver's calls.
PGCONNECT_TIMEOUT=2 query 'select 1' byname >/dev/null 2>&1 || true
kill -HUP "$(pgweir_pid)"
console 'show pools' >/dev/null
# The successor lives in the sandbox as well.
"$T/bin/traced" --restart "$T/pgweir.ini" >"$T/out" 2>&1 ||
	fail "$(cat "$T/out")"
await_pid pgweir
cp "$T/pgweir.pid" "$T/pids/pgweir"
query 'select 1' >/dev/null
pgweir_stop INT
awk '{ sub(/\(.*/, "", $2); print $2 }' "$T/trace" |
	grep -x '[a-z][a-z0-9_]*' | sort -u >"$T/calls"
expect 'calls were seen' "$(grep -cx -e epoll_wait -e accept4 -e execve \
	-e recvmsg "$T/calls")" 4
expect 'forbidden' "$(comm -23 "$T/calls" <(comm -23 "$T/good" "$T/bad"))" ''
