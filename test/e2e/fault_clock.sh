#!/usr/bin/env bash
# fault_clock.sh - somebody sets the clock of the machine, a day on and a day
# back. Nobody is thrown out, and no timeout waits for a day.
. "${0%/*}/rest.sh"

if is_pgbouncer; then
	skip 'it uses the wall clock'
fi
"${CC:-cc}" -shared -fPIC -O1 -o "$T/wrong_clock.so" "$E2E/wrong_clock.c" \
	2>"$T/cc.log" || skip "cannot compile: $(cat "$T/cc.log")"
chmod 755 "$T/wrong_clock.so"
echo 0 >"$T/shift"
chmod 644 "$T/shift"

pg_start
pgweir_ini "
pool_mode = transaction
default_pool_size = 3
client_idle_timeout = 3600
idle_transaction_timeout = 3600
transaction_timeout = 3600
query_timeout = 3600
server_idle_timeout = 3600
server_lifetime = 3600
query_wait_timeout = 3600
client_login_timeout = 3600
log_connections = 0
[databases]
main = host=$HOST port=$PG_PORT dbname=postgres
quick = host=$HOST port=$PG_PORT dbname=postgres pool_size=1 query_wait_timeout=2"
(
	# A sanitizer wants to be the first library, and is not.
	[ ! -e "$T/wrong_clock.so" ] || {
		mkdir -p "$T/bin"
		mv "$T/wrong_clock.so" "$T/bin/"
	}
	cp "$PGWEIR" "$T/bin/pgweir.real"
	cat >"$T/bin/pgweir" <<-SH
		#!/bin/sh
		ASAN_OPTIONS=\$ASAN_OPTIONS:verify_asan_link_order=0
		WRONG_CLOCK=$T/shift
		LD_PRELOAD=$T/bin/wrong_clock.so
		export ASAN_OPTIONS WRONG_CLOCK LD_PRELOAD
		exec "$T/bin/pgweir.real" "\$@"
	SH
	chmod 755 "$T/bin" "$T/bin"/*
)
pgweir_start

cat >"$T/steps.py" <<'PY'
import re


def step(seconds):
    with open(T + '/shift.new', 'w') as f:
        f.write('%d\n' % seconds)
    os.chmod(T + '/shift.new', 0o644)
    os.rename(T + '/shift.new', T + '/shift')
    # Its log shows that it has noticed.
    day = time.strftime('%Y-%m-%d', time.gmtime(time.time() + seconds))

    def noticed():
        console('RELOAD')
        return any(l.startswith(day) for l in
                   open(T + '/pgweir.log').read().splitlines()[-3:])
    wait_until(noticed, 'the log to show ' + day)


idle, block, working = [Client(db='main') for _ in range(3)]
mute = Client(login=False)
same('works', idle.one('select 1'), '1')
block.query('begin')
pid = block.one('select pg_backend_pid()')
holder = Client(db='quick')
holder.query('begin')
for seconds in 86400, 0, -86400, 86400 * 400, 0:
    working.send(Q('select pg_sleep(1.5)'))
    waiting = Client(db='quick')
    waiting.send(Q('select 1'))
    step(seconds)
    start = time.monotonic()
    e = waiting.fatal()
    same('a timeout', e.text, 'query_wait_timeout')
    took = time.monotonic() - start
    assert took < 20, 'query_wait_timeout of 2 s took %.1f s' % took
    working.result()
    same('idle', idle.one('select 1'), '1')
    same('in the transaction', block.one('select pg_backend_pid()'), pid)
    same('new ones', Client(db='main').one('select 1'), '1')
    assert mute.silent(0.01), 'the login was ended'
    for row_ in console('SHOW CLIENTS') + console('SHOW SERVERS'):
        waits = [int(f) for f in row_[11:13] if f]
        assert all(0 <= w < 100000000 for w in waits), row_
block.query('commit')
same('the same server', len([1 for r in console('SHOW SERVERS')
                             if r[3] == 'main' or r[2] == 'main']) > 0, True)
PY
it 'k23 k25 the clock is set: nobody is thrown out, no timeout is late'
talk <"$T/steps.py"
if grep -E 'closing because' "$T/pgweir.log" | grep -q -E 'idle|lifetime|old'; then
	fail 'somebody was too old'
fi
