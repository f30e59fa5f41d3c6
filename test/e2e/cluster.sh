# shellcheck shell=bash
# cluster.sh - a primary and its streaming replicas, real ones.
#
#	cluster_start a b c		`a` is the primary, the others follow it
#	on b 'select 1'			asks one of them, past pgweir
#	await_replay b			b has what a has committed by now
#	node_kill b			as if its machine had lost power
#	node_start b
#
# Each node has an address of its own and, in $T/socket-NAME, a Unix socket.
# They were copied while nobody ran, so that starting them takes a moment.
# The database `app` has the view `here`, which tells the name of the node
# that looks at it, and the tables `written` and `bench`, for load.
. "${BASH_SOURCE[0]%/*}/lib.sh"

declare -A NODE_HOST NODE_PORT	# by name; a port may be set before the start
NODES=()
LEADER=				# whom new replicas follow
CONTROL=pgweir_control		# the role for control connections

# cluster_start NAME...: the first one is the primary.
cluster_start()
{
	local name block

	NODES=("$@")
	LEADER=$1
	touch "$T/nodes.conf"
	block=$(cut -d . -f 2 <<<"$HOST")
	for name; do
		block=$(((block + 64) % 256))
		NODE_HOST[$name]=127.$block.${HOST#*.*.}
		NODE_PORT[$name]=${NODE_PORT[$name]:-$PG_PORT}
		pg_create "$name"
		"${as_user[@]}" mkdir "$T/socket-$name"
		[ "$name" = "$LEADER" ] || node_follows "$name" "$LEADER"
		node_conf "$name"
		node_spawn "$name"
	done
	for name; do
		node_awaits "$name"
	done
	on "$LEADER" "create role $CONTROL login;
		grant pg_read_all_stats to $CONTROL" postgres
	on "$LEADER" "alter role $CONTROL set log_statement = 'all'" postgres
	on "$LEADER" 'create database app' postgres
	on "$LEADER" "
		create view here as select current_setting('cluster_name') as name;
		create table written (client int, n int, how text);
		create table bench (client int, n int);
		insert into bench select 0, n from generate_series(1, 100) n"
	for name; do
		[ "$name" = "$LEADER" ] || await_replay "$name"
	done
}

# node_conf NAME: the settings of a node, written anew: pg_rewind brings
# those of the other one. What a test wants besides: $T/nodes.conf.
node_conf()
{
	"${as_user[@]}" tee "$T/pg-$1/extra.conf" >/dev/null <<-CONF
		cluster_name = '$1'
		shared_buffers = 8MB
		synchronous_commit = on		# what was committed is on its way
		full_page_writes = on		# pg_rewind wants these two
		wal_log_hints = on
		wal_keep_size = 256MB
		wal_receiver_status_interval = 1s
		wal_retrieve_retry_interval = 100ms
		log_statement = 'mod'
		log_line_prefix = '%m [%p] %u@%d '
		include = '$T/nodes.conf'
		include_if_exists = 'leader.conf'
	CONF
}

# node_follows NAME LEADER: from its next start, or reload, on.
node_follows()
{
	echo "primary_conninfo = 'host=${NODE_HOST[$2]} port=${NODE_PORT[$2]}" \
		"user=postgres application_name=$1'" |
		"${as_user[@]}" tee "$T/pg-$1/leader.conf" >/dev/null
	"${as_user[@]}" touch "$T/pg-$1/standby.signal"
}

# ---- a node comes and goes ----------------------------------------------

node_spawn()
{
	pg_spawn "$1" "${NODE_PORT[$1]}" "${NODE_HOST[$1]}" "$T/socket-$1"
}

node_awaits()
{
	wait_for "pg_isready -q -h $T/socket-$1 -p ${NODE_PORT[$1]}" 60
}

node_start()
{
	node_spawn "$1"
	node_awaits "$1"
}

# node_stop NAME [SIGNAL]: INT (the default) throws clients out, and lets
# replicas have everything first; QUIT does not.
node_stop()
{
	pg_stop "$1" "${2:-INT}"
}

# node_processes NAME: the postmaster first.
node_processes()
{
	local postmaster

	postmaster=$(cat "$T/pids/pg-$1")
	echo "$postmaster"
	pgrep -P "$postmaster" || true
}

# node_kill NAME: all of its processes at once.
node_kill()
{
	local pids

	mapfile -t pids < <(node_processes "$1")
	kill -KILL "${pids[@]}" 2>/dev/null || true
	wait "${pids[0]}" 2>/dev/null || true
	wait_for "all_gone ${pids[*]}"
	rm -f "$T/pids/pg-$1"
}

# A zombie is gone, too: who should bury it may be slow.
all_gone()
{
	local pid

	for pid; do
		[[ $(cut -d ' ' -f 3 "/proc/$pid/stat" 2>/dev/null) == [ZX]* ]] ||
			[ ! -e "/proc/$pid" ] || return 1
	done
}

# node_freeze NAME, node_thaw: no process of it runs, but its sockets are
# open, and the kernel takes new connections for it.
node_freeze()
{
	local postmaster

	postmaster=$(cat "$T/pids/pg-$1")
	echo "$postmaster" >>"$T/frozen"
	kill -STOP "$postmaster"
	# It makes no more children now.
	node_processes "$1" >>"$T/frozen"
	xargs kill -STOP <"$T/frozen" 2>/dev/null || true
}

node_thaw()
{
	thaw
}

# ---- roles --------------------------------------------------------------

# node_promote NAME: a replica becomes the primary; returns when it is.
node_promote()
{
	"${as_user[@]}" pg_ctl promote -s -t 60 -D "$T/pg-$1" ||
		fail "promoting $1"
	rm -f "$T/pg-$1/leader.conf"
	LEADER=$1
}

# node_follow NAME: a running replica follows $LEADER from now on.
node_follow()
{
	node_follows "$1" "$LEADER"
	on "$1" 'select pg_reload_conf()' postgres >/dev/null
}

# node_rewind NAME: an old primary, stopped, becomes a replica of $LEADER.
node_rewind()
{
	# The control file must tell of the new timeline.
	on "$LEADER" checkpoint postgres
	"${as_user[@]}" pg_rewind -D "$T/pg-$1" --source-server \
		"host=$T/socket-$LEADER port=${NODE_PORT[$LEADER]} user=postgres
		dbname=postgres" >"$T/rewind.log" 2>&1 ||
		fail "pg_rewind: $(cat "$T/rewind.log")"
	node_conf "$1"
	node_follows "$1" "$LEADER"
}

# node_clone NAME: the same for one that pg_rewind cannot help, a primary that
# was promoted to the very timeline of $LEADER.
node_clone()
{
	rm -rf "$T/pg-$1"
	"${as_user[@]}" pg_basebackup -D "$T/pg-$1" -c fast -X fetch -N \
		-d "host=$T/socket-$LEADER port=${NODE_PORT[$LEADER]} user=postgres" \
		>"$T/clone.log" 2>&1 || fail "pg_basebackup: $(cat "$T/clone.log")"
	node_conf "$1"
	node_follows "$1" "$LEADER"
}

# ---- replay -------------------------------------------------------------

replay_pause()
{
	on "$1" 'select pg_wal_replay_pause()' >/dev/null
	wait_for "[ \"\$(on $1 'select pg_get_wal_replay_pause_state()')\" = paused ]"
}

replay_resume()
{
	on "$1" 'select pg_wal_replay_resume()' >/dev/null
}

# await_replay NAME: it has replayed all that $LEADER has committed.
await_replay()
{
	local lsn

	lsn=$(on "$LEADER" 'select pg_current_wal_flush_lsn()' postgres)
	wait_for "[ \"\$(on $1 \"select pg_last_wal_replay_lsn() >= '$lsn'\" \
		postgres)\" = t ]" 60
}

# ---- asking -------------------------------------------------------------

# on NAME SQL [DATABASE]: asks a node itself.
on()
{
	psql -XAtq -v ON_ERROR_STOP=1 -h "$T/socket-$1" -p "${NODE_PORT[$1]}" \
		-U postgres -d "${3:-app}" -c "$2"
}

# hosts NAME...: host=... port=... for [databases]
hosts()
{
	local name list='' ports='' same=yes

	for name; do
		list+=,${NODE_HOST[$name]}
		ports+=,${NODE_PORT[$name]}
		[ "${NODE_PORT[$name]}" = "${NODE_PORT[$1]}" ] || same=
	done
	[ -z "$same" ] || ports=,${NODE_PORT[$1]}
	echo "host=${list:1} port=${ports:1}"
}

# host_is NAME COLUMN: what SHOW HOSTS says of a node.
host_is()
{
	show HOSTS "$2" "host=${NODE_HOST[$1]}" "port=${NODE_PORT[$1]}"
}

# await_host NAME COLUMN VALUE [SECONDS]
await_host()
{
	wait_for "[ \"\$(host_is $1 $2)\" = '$3' ]" "${4:-60}"
}

# log_mark NAME: a place in a node's log; log_since NAME REGEX counts lines
# behind it.
declare -A LOG_MARK
log_mark()
{
	LOG_MARK[$1]=$(stat -c %s "$T/pg-$1.log")
}

log_since()
{
	tail -c +$((LOG_MARK[$1] + 1)) "$T/pg-$1.log" | grep -cE -- "$2" || true
}

# ---- pgweir in front ----------------------------------------------------

# routed_start SETTINGS [DATABASES]: hosts are asked twice a second, for this
# machine may be slow, and what is back has its share at once. `app` leads to
# all nodes.
routed_start()
{
	pgweir_start "$(routed "$@")"
	await_roles
}

routed()
{
	echo "
pool_mode = transaction
routing = explicit
control_user = $CONTROL
health_interval = 0.5
health_timeout = 2
health_fall = 2
slow_start = 0
server_login_retry = 0.2
query_wait_timeout = 110
query_wait_notify = 0
log_connections = 0
log_disconnections = 0
$1
[databases]
app = $(hosts "${NODES[@]}")
${2:-}"
}

# await_roles [NAME...]: these (default: all) are what they should be, and
# pgweir knows it.
await_roles()
{
	local name

	[ $# -gt 0 ] || set -- "${NODES[@]}"
	for name; do
		if [ "$name" = "$LEADER" ]; then
			await_host "$name" role primary
		else
			await_host "$name" role replica
		fi
	done
}

# ---- load ---------------------------------------------------------------

# load_start N [DATABASE [USER]]: N clients of mixed.py in the background.
load_start()
{
	rm -f "$T/enough" "$T/load" "$T/acknowledged" "$T/perhaps"
	on "$LEADER" 'truncate written'
	talk "$1" "${2:-app}" "${3:-postgres}" <"$E2E/mixed.py" >"$T/mixed" 2>&1 &
	LOAD=$!
	await_more reads
	await_more writes
}

# load NAME: so many of them so far.
load()
{
	awk -v name="$1" '$1 == name { n = $2 } END { print n + 0 }' \
		"$T/load" 2>/dev/null || echo 0
}

# await_more NAME [N [SECONDS]]: waits for N more of them (default: 20).
await_more()
{
	local goal=$(($(load "$1") + ${2:-20}))

	wait_for "[ \"\$(load $1)\" -ge $goal ] || ! kill -0 $LOAD" "${3:-60}"
	kill -0 "$LOAD" 2>/dev/null ||
		fail "the load: $(grep -v '^20..-' "$T/mixed" | head -n 20)"
}

# stays NAME OTHER [N]: there are no more of them, while there are N more
# (default: 100) of the others. What was under way may still be counted.
stays()
{
	local seen

	await_more "$2" 50
	seen=$(load "$1")
	await_more "$2" "${3:-100}"
	expect "$1, while there was more $2" "$(load "$1")" "$seen"
}

# load_end: ends it. Fails if a client heard what it should not have.
load_end()
{
	touch "$T/enough"
	wait "$LOAD" || fail "the load: $(grep -v '^20..-' "$T/mixed" | head -n 20)"
	tr '\n' ' ' <"$T/load" && echo
}

# load_stop: the same, and fails if $LEADER has not each acknowledged write
# once, and the others once or not.
load_stop()
{
	load_end
	on "$LEADER" "select client || ' ' || n from written" |
		awk -v ack="$T/acknowledged" -v perhaps="$T/perhaps" '
		BEGIN {
			while ((getline line <ack) > 0) want[line] = 1
			while ((getline line <perhaps) > 0) maybe[line] = 1
		}
		seen[$0]++ { print "twice: " $0 }
		!($0 in want) && !($0 in maybe) { print "from nowhere: " $0 }
		END { for (i in want) if (!(i in seen)) print "lost: " i }' \
		>"$T/verdict"
	[ ! -s "$T/verdict" ] || fail "writes: $(head "$T/verdict")"
}

# bench_start [OPTION...]: pgbench over and over, in the background, with
# reads marked for a replica, single writes and blocks. It stops at an error.
bench_start()
{
	echo '/* pgweir:replica */ select count(*) from bench where client = 0;' \
		>"$T/bench-read.sql"
	echo 'insert into bench values (:client_id + 1, 0);' >"$T/bench-write.sql"
	cat >"$T/bench-block.sql" <<-'SQL'
		begin;
		select n from bench where client = 0 limit 1;
		insert into bench values (:client_id + 1, 1);
		commit;
	SQL
	touch "$T/benches"
	(
		trap - EXIT ERR
		while [ -e "$T/benches" ]; do
			pgbench -n -c 4 -T 1 -h "$HOST" -p "$PORT" -U postgres \
				-f "$T/bench-read.sql@3" -f "$T/bench-write.sql" \
				-f "$T/bench-block.sql" "$@" app || exit 1
		done
	) >"$T/bench" 2>&1 &
	BENCH=$!
}

# bench_stop: there was no error at all.
bench_stop()
{
	rm "$T/benches"
	wait "$BENCH" || fail "pgbench: $(grep -E 'error|fatal' "$T/bench" | head)"
	awk '/actually processed/ { n += $NF }
		END { print "pgbench:", n; exit n == 0 }' "$T/bench" ||
		fail 'pgbench has done nothing'
}
