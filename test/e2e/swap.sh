#!/usr/bin/env bash
# swap.sh - primary and replica change places between two probes, which are
# far apart: what happens to the connections must be enough to notice.
. "${0%/*}/cluster.sh"

cluster_start a b
# Who waited for the next probe would hear query_wait_timeout.
routed_start 'health_interval = 300
query_wait_timeout = 60'

# swap: pgweir sees nothing of what it does.
swap()
{
	local old=$LEADER new=b

	[ "$old" = a ] || new=a
	kill -STOP "$(pgweir_pid)"
	pgweir_pid >"$T/frozen"
	node_stop "$old"
	node_promote "$new"
	node_rewind "$old"
	node_start "$old"
	await_replay "$old"
	log_mark "$old"
	thaw
}

it 'i19 l45 places are swapped: no write fails, and all go to the primary'
for i in 1 2 3; do
	swap
	talk "$i" <<'PY'
crowd = [Client(db='app') for _ in range(5)]
for n, c in enumerate(crowd):
    c.send(Q("insert into written values (%s, %d, 'swapped')"
             % (sys.argv[1], n)))
for c in crowd:
    c.sock.settimeout(100)
    c.result()
    same('reads', c.one('/* pgweir:replica */ select count(*) > 0 from here'),
         't')
PY
	expect 'written' "$(on "$LEADER" "select count(*) from written
		where client = $i")" 5
done

it 'the same with an idle pool, and a reader first'
swap
expect 'a read' "$(query '/* pgweir:replica */ select 42' app)" 42
query "insert into written values (9, 9, 'swapped')" app
expect 'written' "$(on "$LEADER" "select count(*) from written
	where client = 9")" 1
