# shellcheck shell=bash
# lib.sh - what every end-to-end test stands on.
#
# A test is a bash script that sources this file, starts what it needs and
# says what it expects:
#
#	. "${0%/*}/lib.sh"
#	pg_start
#	pgweir_start 'pool_mode = transaction'
#	it 'd01 answers a query'
#	expect 'one' "$(query 'select 1')" 1
#
# Each test owns a folder ($T) and a loopback address ($HOST), so that tests
# run side by side. Servers run as an unprivileged user where the test runs
# as root. Whatever way the test ends, kill -9 included, a janitor process
# ends its servers and removes its folder. The first failure ends the test.
#
#	PGWEIR	the program under test (default: pgweir in the build folder)
#	BUILD	the build folder (default: the working directory)

set -eEu -o pipefail

E2E=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
BUILD=${BUILD:-$PWD}
export PGWEIR=${PGWEIR:-$BUILD/pgweir}
CASE=
SAID=

for variable in "${!PG@}"; do
	[ "$variable" = PGWEIR ] || unset "$variable"
done
export PGSSLMODE=${PGSSLMODE:-disable} PGGSSENCMODE=disable
export PGPASSFILE=/nonexistent PSQLRC=/dev/null PGCONNECT_TIMEOUT=60 LC_ALL=C

# The newest PostgreSQL; its programs come first in the PATH, because
# Debian's wrapper of psql looks for clusters.
PGBIN=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
if [ ! -x "$PGBIN/initdb" ]; then
	echo "no PostgreSQL server: apt-get install postgresql-15" >&2
	exit 1
fi
PATH=$PGBIN:$PATH

# ---- saying what is expected -------------------------------------------

# it NAME: opens a case. What follows, up to the next `it`, belongs to it.
it()
{
	close_case
	CASE=$1
}

close_case()
{
	[ -z "$CASE" ] || echo "ok: $CASE"
	CASE=
}

fail()
{
	echo "FAILED: ${CASE:-set-up}: $*"
	SAID=yes
	if [ -s "$T/pgweir.log" ]; then
		echo '--- the last lines of pgweir.log'
		tail -n 25 "$T/pgweir.log"
	fi
	exit 1
}

# expect WHY GOT WANT
expect()
{
	[ "$2" = "$3" ] || fail "$1: got '$2', want '$3'"
}

# expect_match WHY GOT REGEX
expect_match()
{
	[[ $2 =~ $3 ]] || fail "$1: got '$2', want something like '$3'"
}

# expect_at_most WHY GOT LIMIT
expect_at_most()
{
	awk -v got="$2" -v limit="$3" 'BEGIN { exit !(got + 0 <= limit + 0) }' ||
		fail "$1: got $2, want at most $3"
}

# expect_failure WHY REGEX COMMAND...: the command fails and says so.
expect_failure()
{
	local why=$1 regex=$2 out

	shift 2
	if out=$("$@" 2>&1); then
		fail "$why: it succeeded: $out"
	fi
	expect_match "$why" "$out" "$regex"
}

# wait_for CONDITION [SECONDS]: polls until the condition, a piece of shell,
# holds.
wait_for()
{
	local end=$((SECONDS + ${2:-20}))

	until eval "$1" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$end" ] || fail "waited in vain for: $1"
		sleep 0.05
	done
}

# skip WHY: this machine cannot run this test.
skip()
{
	echo "skipped: $*"
	SAID=yes
	exit 77
}

# ---- the folder, the address, and who cleans up -------------------------

prepare()
{
	T=$(mktemp -d "/tmp/pgweir-e2e.XXXXXX")
	chmod 755 "$T"
	mkdir "$T/pids"
	janitor
	trap on_exit EXIT
	trap 'exit 130' INT TERM HUP
	trap 'failed_line=$LINENO' ERR

	as_user=()
	if [ "$(id -u)" -eq 0 ]; then
		as_user=(setpriv --reuid=nobody --regid=nogroup --clear-groups)
		chown nobody:nogroup "$T"
	fi

	# The process id makes an address of our own out of 127.0.0.0/8. The
	# ports lie below those that the kernel gives to outgoing calls.
	HOST=127.$((64 + ($$ >> 16) % 64)).$(($$ >> 8 & 255)).$(($$ & 255))
	# Nobody listens there, unless the test does.
	OTHER_HOST=127.$((128 + ($$ >> 16) % 64)).$(($$ >> 8 & 255)).$(($$ & 255))
	PG_PORT=21432
	PORT=26432
}

# The janitor outlives us: it waits for our end, however we end.
janitor()
{
	# shellcheck disable=SC2016
	setsid bash -c '
		exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
		tail --pid="$1" -s 0.2 -f /dev/null
		[ -s "$2/frozen" ] && kill -CONT $(cat "$2/frozen")
		for f in "$2"/pids/*; do
			[ -s "$f" ] && kill -QUIT "$(cat "$f")"
		done
		sleep 1
		for f in "$2"/pids/*; do
			[ -s "$f" ] && kill -KILL "$(cat "$f")"
		done
		rm -rf "$2"' _ "$$" "$T" </dev/null >/dev/null 2>&1 &
	disown
}

on_exit()
{
	local status=$?

	trap - ERR
	if [ "$status" -ne 0 ] && [ -z "$SAID" ]; then
		echo "FAILED: ${CASE:-set-up}: line ${failed_line:-?}, status $status"
	fi
	[ "$status" -ne 0 ] || close_case
	trap - EXIT
	stop_all || status=1
	[ -z "${E2E_KEEP:-}" ] || cp -a "$T" "$E2E_KEEP/"
	rm -rf "$T"
	exit "$status"
}

# stop_all: ends the servers, pgweir first. Fails if a pgweir had to be
# killed, died of itself, or left a sanitizer's report.
stop_all()
{
	local file bad=0

	thaw
	for file in "$T"/pids/pgweir* "$T"/pids/pg-* "$T"/pids/*; do
		[ -s "$file" ] || continue
		stop_pid "$(basename "$file")" "$(quit_signal "${file##*/}")" || bad=1
	done
	no_sanitizer_report || bad=1
	return "$bad"
}

# thaw: lets processes go on that a test has stopped and named in $T/frozen.
# The dead do not mind.
thaw()
{
	[ -s "$T/frozen" ] || return 0
	xargs kill -CONT <"$T/frozen" 2>/dev/null || true
	rm -f "$T/frozen"
}

# quit_signal NAME: what ends a server at once. PgBouncer 1.18, which may
# stand in for pgweir while a test is written, does so on TERM.
quit_signal()
{
	case $1 in
	pgweir*) if is_pgbouncer; then echo TERM; else echo QUIT; fi ;;
	pg-*) echo QUIT ;;
	*) echo TERM ;;         # the shell makes its children ignore QUIT
	esac
}

no_sanitizer_report()
{
	if grep -qsE 'Sanitizer|runtime error:' "$T"/pgweir*.log; then
		echo 'FAILED: a sanitizer has something to say'
		grep -hE -A 40 'Sanitizer|runtime error:' "$T"/pgweir*.log |
			head -n 120
		return 1
	fi
}

# stop_pid NAME SIGNAL: ends the process of pids/NAME, waits for it, and
# removes its pid file. The exit status goes to $STATUS.
stop_pid()
{
	local pid

	pid=$(cat "$T/pids/$1")
	kill "-$2" "$pid" 2>/dev/null || true
	await_pid "$1"
}

# await_pid NAME: waits for the process of pids/NAME to end.
await_pid()
{
	local pid end=$((SECONDS + 30)) killed=0

	pid=$(cat "$T/pids/$1")
	while kill -0 "$pid" 2>/dev/null; do
		if [ "$SECONDS" -ge "$end" ]; then
			echo "FAILED: $1 does not end"
			kill -KILL "$pid"
			killed=1
			break
		fi
		sleep 0.02
	done
	STATUS=0
	wait "$pid" 2>/dev/null || STATUS=$?
	rm -f "$T/pids/$1"
	case $1:$STATUS in
	pgweir*:13[1-9])
		echo "FAILED: $1 ended by a signal: status $STATUS"
		tail -n 25 "$T/$1.log"
		return 1 ;;
	esac
	return "$killed"
}

# ---- PostgreSQL ---------------------------------------------------------

# template: one initdb per build folder, kept as an archive there.
template()
{
	local tar=$BUILD/test/e2e/template.tar

	mkdir -p "${tar%/*}"
	(
		flock 8
		[ ! -s "$tar" ] || exit 0
		"${as_user[@]}" initdb -D "$T/template" -U postgres -A trust \
			-E UTF8 --no-locale -N --wal-segsize=1 >"$T/initdb.log" 2>&1 || {
			cat "$T/initdb.log"
			exit 1
		}
		cat >>"$T/template/postgresql.conf" <<-CONF
			fsync = off
			synchronous_commit = off
			full_page_writes = off
			autovacuum = off
			shared_buffers = 32MB
			max_connections = 110
			dynamic_shared_memory_type = mmap
			password_encryption = 'scram-sha-256'
			log_destination = stderr
			logging_collector = off
			include_if_exists = 'extra.conf'
		CONF
		tar -C "$T/template" -cf "$tar.new" .
		mv "$tar.new" "$tar"
		rm -rf "$T/template"
	) 8>"$tar.lock" || fail 'initdb'
	echo "$tar"
}

# pg_create NAME: makes a data folder, without starting it.
pg_create()
{
	local tar

	tar=$(template)
	"${as_user[@]}" mkdir -m 700 "$T/pg-$1"
	"${as_user[@]}" tar -C "$T/pg-$1" -xf - <"$tar"
}

# pg_start [NAME [PORT]]: starts a PostgreSQL server (again). The first one
# is `main`, at $HOST:$PG_PORT. $T/pg-NAME/extra.conf and pg_hba.conf are
# the test's to write after pg_create.
pg_start()
{
	local name=${1:-main} port=${2:-$PG_PORT}

	[ -d "$T/pg-$name" ] || pg_create "$name"
	pg_spawn "$name" "$port" "$HOST" "$T"
	wait_for "pg_isready -q -h $T -p $port" 60
}

# pg_spawn NAME PORT ADDRESS FOLDER: starts a server, with its Unix socket in
# the folder, and does not wait for it.
pg_spawn()
{
	setsid "${as_user[@]}" postgres -D "$T/pg-$1" -p "$2" -k "$4" -h "$3" \
		</dev/null >>"$T/pg-$1.log" 2>&1 &
	echo $! >"$T/pids/pg-$1"
}

# pg_stop [NAME [SIGNAL]]: TERM waits for clients, INT throws them out.
pg_stop()
{
	stop_pid "pg-${1:-main}" "${2:-INT}"
}

# pg SQL [DATABASE [PORT]]: asks PostgreSQL itself, past pgweir.
pg()
{
	psql -XAtq -v ON_ERROR_STOP=1 -h "$T" -p "${3:-$PG_PORT}" -U postgres \
		-d "${2:-postgres}" -c "$1"
}

# ---- pgweir -------------------------------------------------------------

# pgweir_ini TEXT [NAME]: writes the configuration. Settings come first in
# the text, then the other sections. What is not said: everybody is trusted,
# `admin` owns the console, and every database leads to $HOST:$PG_PORT.
pgweir_ini()
{
	local ini=$T/${2:-pgweir}.ini

	{
		cat <<-INI
			[pgbouncer]
			listen_addr = $HOST
			listen_port = $PORT
			unix_socket_dir = $T
			auth_type = trust
			auth_file = $T/users.txt
			admin_users = admin
			stats_users = stats
			pidfile = $T/pgweir.pid
			server_tls_sslmode = disable
			server_login_retry = 1
		INI
		printf '%s\n' "$1"
		[[ $1 == *'[databases]'* ]] || printf '%s\n' '[databases]' \
			"* = host=$HOST port=$PG_PORT"
	} >"$ini"
	[ -f "$T/users.txt" ] || users postgres '' admin '' stats ''
}

# users NAME SECRET ...: writes the file of users.
users()
{
	[ -z "${as_user[*]}" ] || rm -f "$T/users.txt"
	while [ $# -gt 1 ]; do
		printf '"%s" "%s"\n' "$1" "${2//\"/\"\"}"
		shift 2
	done >"$T/users.txt"
}

# pgweir_start [TEXT]: writes the configuration and starts pgweir with it.
# Without a text, starts it with what $T/pgweir.ini holds.
pgweir_start()
{
	[ $# -eq 0 ] || pgweir_ini "$1"
	pgweir_spawn "$T/pgweir.ini"
	wait_for "! pgweir_lives || (exec 3<>/dev/tcp/$HOST/$PORT)" 30
	pgweir_lives || fail 'pgweir does not start'
}

# pgweir_spawn ARGUMENT...: starts pgweir and does not wait for it. A second
# one needs another name: DAEMON=pgweir-two pgweir_spawn ...
pgweir_spawn()
{
	if [ ! -x "$T/bin/pgweir" ]; then
		# The build folder may be closed to the unprivileged user.
		mkdir -p "$T/bin"
		cp "$PGWEIR" "$T/bin/pgweir"
		chmod 755 "$T/bin" "$T/bin/pgweir"
	fi
	(
		cd "$T"
		export ASAN_OPTIONS=detect_leaks=1:exitcode=99
		export UBSAN_OPTIONS=print_stacktrace=1
		exec setsid "${as_user[@]}" "$T/bin/pgweir" "$@" </dev/null \
			>>"$T/${DAEMON:-pgweir}.log" 2>&1
	) &
	echo $! >"$T/pids/${DAEMON:-pgweir}"
}

pgweir_pid()
{
	cat "$T/pids/pgweir"
}

pgweir_lives()
{
	kill -0 "$(pgweir_pid)"
}

# pgweir_stop [SIGNAL]: ends pgweir; its exit status goes to $STATUS.
pgweir_stop()
{
	stop_pid pgweir "${1:-$(quit_signal pgweir)}"
}

# query SQL [DATABASE [USER]]: asks through pgweir.
query()
{
	psql -XAtq -v ON_ERROR_STOP=1 -h "$HOST" -p "$PORT" -U "${3:-postgres}" \
		-d "${2:-postgres}" -c "$1"
}

# console COMMAND [USER]: asks the console; rows, fields split by `|`.
console()
{
	psql -XAtq -v ON_ERROR_STOP=1 -h "$HOST" -p "$PORT" -U "${2:-admin}" \
		-d pgbouncer -c "$1"
}

# show WHAT COLUMN [KEY=VALUE ...]: one column of SHOW WHAT, for the rows
# where the other columns have these values; one line a row.
show()
{
	local what=$1 column=$2

	shift 2
	psql -XAq -P footer=off -h "$HOST" -p "$PORT" -U admin -d pgbouncer \
		-c "SHOW $what" | awk -F '|' -v column="$column" -v where="$*" '
		NR == 1 {
			for (i = 1; i <= NF; i++) at[$i] = i
			if (!(column in at)) { print "no column " column; exit }
			n = split(where, terms, " ")
			next
		}
		{
			for (i = 1; i <= n; i++) {
				eq = index(terms[i], "=")
				if ($(at[substr(terms[i], 1, eq - 1)]) != \
				    substr(terms[i], eq + 1)) next
			}
			print $(at[column])
		}'
}

# talk [ARGUMENT...]: runs the Python on stdin with talk.py's names at hand.
talk()
{
	HOST=$HOST PORT=$PORT PG_PORT=$PG_PORT T=$T PYTHONPATH=$E2E \
		PYTHONDONTWRITEBYTECODE=1 python3 -c '
import sys
from talk import *
exec(compile(sys.stdin.read(), "talk", "exec"))' "$@" ||
		fail 'the conversation went wrong'
}

# is_pgbouncer: the program under test is the other one, which differs here
# and there.
is_pgbouncer()
{
	[[ ${PGWEIR##*/} == pgbouncer* ]]
}

# is_sanitized: the program under test was built with the sanitizers.
is_sanitized()
{
	grep -q -a __asan_init "$PGWEIR"
}

if [ ! -x "$PGWEIR" ]; then
	echo "FAILED: there is no program $PGWEIR: build it, or say PGWEIR=..."
	exit 1
fi
prepare
