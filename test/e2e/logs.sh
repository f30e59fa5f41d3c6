#!/usr/bin/env bash
# logs.sh - what is in the log, and what is not.
. "${0%/*}/lib.sh"

pg_start
pg 'create role "other one" login'
users postgres '' 'other one' '' admin ''
pgweir_start '
pool_mode = transaction
default_pool_size = 2
log_stats = 0'

# lines REGEX: so many of them.
lines()
{
	grep -cE -- "$1" "$T/pgweir.log" || true
}

# since LINE: what was written behind that line.
since()
{
	tail -n +$(($1 + 1)) "$T/pgweir.log"
}

it 'n06 n19 n22 who, from where, to where, when'
talk <<'PY'
import re
wait_until(lambda: 'process up' in open(T + '/pgweir.log').read(), 'a start')
c = Client('other one')
c.query('select 1')
port = c.sock.getsockname()[1]
again = Client('other one')
again.close()
wait_until(lambda: 'client close request' in open(T + '/pgweir.log').read(),
           'the second to leave')
text = open(T + '/pgweir.log').read()
clock = r'\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} UTC'
for line in text.splitlines():
    assert re.match(clock + r' \[\d+\] [A-Z]+ ', line), line
assert re.search(r'C-\d+: \S+@127\.0\.0\.1:%d login attempt: '
                 r'db=postgres user=other one ' % port, text), text
there = re.search(r'S-\d+: postgres/other one@%s:%d new connection to server '
                  r'\(from ([\d.]+):(\d+)\)' % (re.escape(HOST), PG_PORT), text)
assert there, text
same('as the server sees it', direct(
    "select client_port from pg_stat_activity where usename = 'other one'"),
    [(there.group(2),)])
# A number is a client's, or a server's, once.
made = re.findall(r'([CS]-\d+): .*(?:login attempt|new connection)', text)
same('each once', len(made), len(set(made)))
PY

it 'n02 not what clients ask, nor with what'
talk <<'PY'
pgweir_only()
c = Client()
c.query("select 'marked-1'")
c.run('select $1::text', ['marked-2'])
for sql in 'select marked_3', 'marked_4', "select 'marked-5'::int":
    refused(sql, lambda: c.query(sql))
c.send(P('select marked_6', 'marked_7') + S)
refused('Parse', c.result)
c.query("prepare marked_8 as select 'marked-9'")
c.query('execute marked_8')
same('none', 'marked' in open(T + '/pgweir.log').read(), False)
PY

it 'n18 who only looks whether somebody listens can be kept out'
for key in log_connections log_disconnections; do
	console "SET $key = 0" >/dev/null
done
mark=$(lines .)
talk <<'PY'
for _ in range(20):
    Client(login=False).sock.close()
    c = Client()
    c.query('select 1')
    c.close()
wait_until(lambda: pools()['cl_active'] == '0', 'all to have left')
PY
expect 'lines' "$(since "$mark" | grep -v 'new connection')" ''

it 'g21 a storm of cancel requests with keys that nobody has'
talk <<'PY'
victim = Client()
victim.send(Q('select pg_sleep(0.3), 7'))
for i in range(1000):
    s = Client(login=False)
    s.key = os.urandom(8)
    s.send(struct.pack('!II', 16, 80877102) + s.key)
    s.close()
same('who has one', victim.result(), [('', '7')])
PY
expect 'lines' "$(since "$mark" | grep -v 'new connection')" ''

it 'h01 the counters are at rest'
expect 'clients' "$(show POOLS cl_active database=postgres user=postgres)" 0
