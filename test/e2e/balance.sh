#!/usr/bin/env bash
# balance.sh - who is read from, by the replicas' own statistics.
. "${0%/*}/cluster.sh"

# A transaction that reads, and ends on the server that it began on.
cat >"$T/read.sql" <<'SQL'
begin read only;
select n from bench limit 1;
commit;
SQL

# transactions NAME: so many that it has committed in `app`. What is on its
# connections is counted in full once they are closed.
transactions()
{
	wait_for "[ \"\$(on $1 \"select count(*) from pg_stat_activity
		where datname = 'app'\" postgres)\" = 0 ]"
	on "$1" "select xact_commit from pg_stat_database
		where datname = 'app'" postgres
}

# share_of NAME COMMAND...: what part of the transactions of the command ran
# on that node; one in thousand may be for something else (RESET, SHOW).
shares()
{
	local name after before=() sum=0

	console RECONNECT >/dev/null
	for name in a b c; do
		before+=("$(transactions $name)")
	done
	"$@"
	console RECONNECT >/dev/null
	SHARES=()
	for name in a b c; do
		after=$(transactions $name)
		SHARES+=($((after - before[${#SHARES[@]}])))
	done
	sum=$((SHARES[0] + SHARES[1] + SHARES[2]))
	echo "transactions: ${SHARES[*]}"
	PERCENT_A=$((SHARES[0] * 100 / sum))
	PERCENT_B=$((SHARES[1] * 100 / sum))
	PERCENT_C=$((SHARES[2] * 100 / sum))
}

reads()
{
	pgbench -n -c 8 -t 250 -f "$T/read.sql" -h "$HOST" -p "$PORT" \
		-U postgres "$@" app >"$T/out" 2>&1 ||
		fail "pgbench: $(tail -n 5 "$T/out")"
}

# opened B C: min_pool_size, which counts while somebody is there, has opened
# so many servers at each.
opened()
{
	talk "${NODE_HOST[b]}" "$1" "${NODE_HOST[c]}" "$2" <<'PY'
def idle(host):
    return sum(r[4] == 'idle' and r[5] == host for r in console('SHOW SERVERS'))


there = Client(db='app')
there.query('begin read only')
there.one('select name from here')
there.query('commit')
for host, n in sys.argv[1:3], sys.argv[3:5]:
    wait_until(lambda: idle(host) >= int(n), '%s servers at %s' % (n, host))
PY
}

# held B C: eight clients are in transactions at the same time, so many of
# them at each, however fast these are.
held()
{
	opened "$@"
	talk "$@" <<'PY'
crowd = [Client(db='app') for _ in range(8)]
for _ in range(10):
    names = ''
    for c in crowd:
        c.query('begin read only')
        names += c.one('select name from here')
    same('at b and c', (names.count('b'), names.count('c')),
         (int(sys.argv[1]), int(sys.argv[2])))
    for c in crowd:
        c.query('commit')
PY
}

# in_turn: one client, so that all servers but its own are idle, however slow
# the machine.
in_turn()
{
	opened 2 2
	reads -c 1 -t 1000
}

# between WHY GOT LEAST MOST
between()
{
	if [ "$2" -lt "$3" ] || [ "$2" -gt "$4" ]; then
		fail "$1: $2 %, want $3 to $4"
	fi
}

# rule SETTINGS [WEIGHT OF C]
rule()
{
	pgweir_ini "$(routed "$1" "
[hosts]
${NODE_HOST[b]}:$PG_PORT = weight=1
${NODE_HOST[c]}:$PG_PORT = weight=${2:-1}")"
	if [ -e "$T/pids/pgweir" ]; then
		console RELOAD >/dev/null
	else
		pgweir_start
	fi
	await_roles
}

cluster_start a b c

it 'l59 least_connections: both, and never the primary'
rule 'load_balance = least_connections
min_pool_size = 8'
shares held 4 4

it 'l59 least_connections by weight'
rule 'load_balance = least_connections
min_pool_size = 8' 3
shares held 2 6

it 'round_robin: in turns'
rule 'load_balance = round_robin
min_pool_size = 8'
shares in_turn
expect_at_most 'the primary' "$PERCENT_A" 1
between 'b' "$PERCENT_B" 40 60

it 'round_robin by weight'
rule 'load_balance = round_robin
min_pool_size = 8' 3
shares in_turn
between 'c' "$PERCENT_C" 65 85

it 'random, by weight'
rule 'load_balance = random
min_pool_size = 8' 3
shares in_turn
expect_at_most 'the primary' "$PERCENT_A" 1
between 'c' "$PERCENT_C" 65 85

it 'ip_hash: one address, one replica'
rule 'load_balance = ip_hash'
shares reads
expect_at_most 'the primary' "$PERCENT_A" 1
[ "$PERCENT_B" -le 1 ] || [ "$PERCENT_C" -le 1 ] ||
	fail "one address, two replicas: ${SHARES[*]}"

it 'ip_hash: many addresses, both replicas'
shares talk <<'PY'
names = {}
for i in range(1, 33):
    c = Client(db='app', login=False)
    c.sock.close()
    c.sock = socket.create_connection((HOST, PORT), 30, ('127.9.%d.%d' % (i, i), 0))
    c.login()
    for _ in range(10):
        c.query('begin read only')
        names.setdefault(i, set()).add(c.one('select name from here'))
        c.query('commit')
    c.close()
for i, seen in names.items():
    same('address %d' % i, len(seen), 1)
same('replicas', set.union(*names.values()), {'b', 'c'})
PY
expect_at_most 'the primary' "$PERCENT_A" 2
between 'b' "$PERCENT_B" 10 90

it 'l56 hints and blocks are counted in SHOW HOSTS'
counted=$(($(host_is b reads) + $(host_is c reads)))
shares reads
counted=$(($(host_is b reads) + $(host_is c reads) - counted))
[ "$counted" -ge 2000 ] || fail "reads: $counted"
expect 'retries' "$(host_is b retries)" 0
