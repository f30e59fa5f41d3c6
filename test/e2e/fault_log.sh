#!/usr/bin/env bash
# fault_log.sh - the disk under the log is full, or the file may not grow.
# Lines are lost; pgweir serves on, and writes again when there is room.
. "${0%/*}/rest.sh"

pg_start
settings='pool_mode = transaction
log_connections = 1
log_disconnections = 1'

# crowded: clients come, work, err and leave, which all makes log lines.
crowded()
{
	talk <<'PY'
for i in range(50):
    c = Client()
    same('works', c.one('select %d' % i), str(i))
    if i % 2:
        c.abort()
    else:
        c.close()
PY
}

it 'k19 a full disk: nobody notices'
# Not by standard error, which is this test's own file.
pgweir_ini "logfile = /dev/full
$settings"
pgweir_spawn -q "$T/pgweir.ini"
wait_for 'query "select 1"'
crowded
baseline
crowded
rests
expect 'RELOAD' "$(console 'RELOAD' && echo fine)" fine
kill -HUP "$(pgweir_pid)"
crowded
rests

it 'k19 and when the log goes elsewhere, it is written again'
sed -i "s|^logfile.*|logfile = $T/own.log|" "$T/pgweir.ini"
console RELOAD >/dev/null
crowded
wait_for 'grep -q "closing because" "$T/own.log"'

it 'k19 a rotated log is let go of, even if the configuration has a mistake'
cp "$T/pgweir.ini" "$T/good.ini"
sed -i 's/^pool_mode.*/pool_mode = transactional/' "$T/pgweir.ini"
mv "$T/own.log" "$T/own.log.1"
kill -HUP "$(pgweir_pid)"
wait_for 'grep -q "reload failed.*pool_mode" "$T/own.log"'
expect 'nothing else has changed' "$(show CONFIG value key=pool_mode)" \
	transaction
cp "$T/good.ini" "$T/pgweir.ini"
crowded
wait_for 'grep -q "closing because" "$T/own.log"'
pgweir_stop

it 'k19 a file that may not grow is no reason to die (SIGXFSZ)'
rm -f "$T/own.log"
touch "$T/own.log"
[ -z "${as_user[*]}" ] || chown nobody "$T/own.log"
(
	ulimit -f 8			# KB, of any file it writes
	pgweir_spawn -q "$T/pgweir.ini"
)
wait_for 'query "select 1"'
baseline
for _ in 1 2 3; do
	crowded
done
[ "$(stat -c %s "$T/own.log")" -ge 8000 ] || fail 'the limit was not reached'
expect_at_most 'bytes' "$(stat -c %s "$T/own.log")" 8192
rests
: >"$T/own.log"				# as logrotate's copytruncate does
crowded
[ -s "$T/own.log" ] || fail 'it does not write any more'
pgweir_stop
