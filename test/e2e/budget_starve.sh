#!/usr/bin/env bash
# budget_starve.sh - a hundred pools on a budget of twenty: everybody gets on,
# and nobody much faster than others.
#
#	BUDGET_STARVE_SECONDS=60 bash ../test/e2e/budget_starve.sh
#
# Eight seconds on a busy machine tell nothing of a mean: that the pools are
# within twice of each other is shown on virtual time (test_budget.c, h34),
# and here only by hand, from 30 seconds on.
. "${0%/*}/sampler.sh"

POOLS=100
share=20
seconds=${BUDGET_STARVE_SECONDS:-8}
pg_create main
echo "max_connections = $((share + 3 + 3))" >"$T/pg-main/extra.conf"
pg_start
names=(postgres '' admin '' stats '')
for i in 0 1 2 3 4 5 6 7 8 9; do
	pg "create role u$i login"
	names+=("u$i" '')
done
users "${names[@]}"
pgweir_start "
pool_mode = transaction
default_pool_size = 10
max_client_conn = 1000
server_connections = $share
query_wait_timeout = 100
log_connections = 0
log_disconnections = 0
[databases]
$(for i in 0 1 2 3 4 5 6 7 8 9; do
	echo "a$i = host=$HOST port=$PG_PORT dbname=postgres"
done)"

# crowd SECONDS: two clients for each pool, which ask as quickly as they are
# answered. Prints a line for each pool: its name, answers, mean and largest
# time to an answer in msec.
cat >"$T/crowd.py" <<'PY'
import selectors

heavy = int(sys.argv[2]) if len(sys.argv) > 2 else 2
sel = selectors.DefaultSelector()
pools = {}


class Asker:
    def __init__(self, db, user):
        self.c = Client(user, db, timeout=120)
        self.times = pools.setdefault(db + '.' + user, [])
        sel.register(self.c.sock, selectors.EVENT_READ, self)

    def ask(self):
        self.since = time.monotonic()
        self.c.send(Q('select pg_sleep(0.002)'))

    def answered(self):
        self.c.result()
        self.times.append(time.monotonic() - self.since)
        if time.monotonic() < end:
            self.ask()
        else:
            sel.unregister(self.c.sock)
            self.c.close()


for d in range(10):
    for u in range(10):
        for _ in range(heavy if d == u == 0 else 2):
            Asker('a%d' % d, 'u%d' % u)
end = time.monotonic() + float(sys.argv[1])
for key in sel.get_map().values():
    key.data.ask()
while sel.get_map():
    for key, _ in sel.select():
        key.data.answered()
for name, times in sorted(pools.items()):
    print(name, len(times), '%.1f' % (1000 * sum(times) / len(times)),
          '%.1f' % (1000 * max(times)))
PY

# report FILE: least and most of answers, mean time, and their ratio, to
# $LEAST, $MOST, $RATIO.
report()
{
	# shellcheck disable=SC2034
	read -r LEAST MOST QUICK SLOW RATIO WORST < <(awk '
		NR == 1 { least = most = $2; quick = slow = $3 }
		$2 < least { least = $2 }
		$2 > most { most = $2 }
		$3 < quick { quick = $3 }
		$3 > slow { slow = $3 }
		$4 > worst { worst = $4 }
		END { print least, most, quick, slow, slow / quick, worst }
	' "$1")
	echo "answers of a pool $LEAST..$MOST, mean time $QUICK..$SLOW ms" \
		"(ratio $RATIO), longest $WORST ms"
}

# expect_even: no pool much slower than another, if that can be told.
expect_even()
{
	[ "$seconds" -lt 30 ] ||
		expect_at_most 'the slowest pool against the quickest' \
			"$RATIO" 2
}

sampler_start

it 'h29 a hundred pools on twenty connections: all of them get on'
mark load
talk "$seconds" <"$T/crowd.py" >"$T/even"
expect 'pools' "$(wc -l <"$T/even")" "$POOLS"
report "$T/even"
expect_at_most 'no pool without an answer' 1 "$LEAST"
expect_even
expect 'all in use' "$(peak load)" "$share"

it 'h10 one pool with a hundred clients takes nothing from the others'
talk "$seconds" 100 <"$T/crowd.py" >"$T/uneven"
grep '^a0\.u0 ' "$T/uneven"
sed -i '/^a0\.u0 /d' "$T/uneven"
report "$T/uneven"
expect_at_most 'no pool without an answer' 1 "$LEAST"
expect_even
expect 'never above' "$(peak load)" "$share"
expect 'nobody was turned away by PostgreSQL' "$(refusals)" 0
sampler_stop
wait_for '[ "$(show BUDGET waiting "port=$PG_PORT")" = 0 ]'
