#!/usr/bin/env bash
# cancel.sh - a cancel request ends what its client runs, and nothing else.
. "${0%/*}/lib.sh"

pg_start
pgweir_start '
pool_mode = transaction
default_pool_size = 1'

it 'g01 a running query ends with 57014 and the session goes on'
talk <<'PY'
c = Client()
c.send(Q('select pg_sleep(60)'))
wait_until(lambda: direct("select 1 from pg_stat_activity where"
                          " query like '%pg_sleep(60)' and state = 'active'"
                          " and pid <> pg_backend_pid()"), 'the query')
c.cancel()
e = refused('cancelled', c.result, None,
            'canceling statement due to user request')
same("the server's code", e.code, '57014')
same('goes on', c.one('select 1'), '1')
PY

it 'g20 a query inside a transaction'
talk <<'PY'
c = Client()
c.query('begin')
c.send(run('select pg_sleep(61)'))
wait_until(lambda: direct("select 1 from pg_stat_activity where"
                          " query like '%pg_sleep(61)' and state = 'active'"
                          " and pid <> pg_backend_pid()"), 'the query')
c.cancel()
same('code', refused('cancelled', c.result).code, '57014')
same('the block has failed', refused('in it', lambda: c.query('select 1'))
     .code, '25P02')
c.query('rollback')
same('goes on', c.one('select 1'), '1')
PY

it 'g05 a waiting client gets 57014 and its query never runs'
pg 'create table ran ()'
talk <<'PY'
pgweir_only()
a, b = Client(), Client()
a.query('begin')
b.send(Q('insert into ran default values'))
wait_until(lambda: pools()['cl_waiting'] == '1', 'a waiter')
b.cancel()
refused('cancelled', b.result, '57014')
a.query('commit')
wait_until(lambda: pools()['cl_waiting'] == '0', 'no waiter')
same('rows', direct('select count(*) from ran'), [('0',)])
PY

it 'g04 an idle client, an unknown key, a short packet: nothing happens'
talk <<'PY'
c = Client()
c.query('select 1')
c.cancel()
assert c.silent(0.2), 'an idle client got something'
same('goes on', c.one('select 1'), '1')
stranger = Client(login=False)
stranger.key = b'\x01\x02\x03\x04\x05\x06\x07\x08'
stranger.cancel()
short = Client(login=False)
short.send(struct.pack('!II', 12, 80877102) + b'\0\0\0\1')
assert {kind for kind, _ in short.rest()} <= {'E'}, 'a short one is refused'
half = Client(login=False)
half.send(struct.pack('!II', 16, 80877102))
half.abort()
same('goes on', c.one('select 1'), '1')
PY

it 'g01 a cancel for one client never hits the next on that server'
talk <<'PY'
a, b = Client(), Client()
for _ in range(40):
    a.send(Q('select pg_sleep(0.002)'))
    a.cancel()
    try:
        a.result()
    except PgError as e:
        same('code', e.code, '57014')
    b.query('select pg_sleep(0.004)')
same('a', a.one('select 1'), '1')
PY

it 'g15 keys are unlike each other, and unlike the server'
talk <<'PY'
clients = [Client() for _ in range(50)]
keys = {c.key for c in clients}
same('keys', len(keys), 50)
pids = {struct.unpack('!I', k[:4])[0] for k in keys}
assert not {int(r[0]) for r in direct('select pid from pg_stat_activity')} \
    & pids, "a server's key got out"
PY

it 'g09 a peer that goes on talking after the key'
talk <<'PY'
c = Client()
c.send(Q('select pg_sleep(60)'))
wait_until(lambda: direct("select 1 from pg_stat_activity where"
                          " query like '%pg_sleep(60)' and state = 'active'"
                          " and pid <> pg_backend_pid()"), 'the query')
other = Client(login=False)
other.send(struct.pack('!II', 16, 80877102) + c.key + X + b'garbage')
same('code', refused('cancelled', c.result).code, '57014')
PY

it 'g18 over the Unix socket'
talk <<'PY'
c = Client(host=T)
c.send(Q('select pg_sleep(60)'))
wait_until(lambda: direct("select 1 from pg_stat_activity where"
                          " query like '%pg_sleep(60)' and state = 'active'"
                          " and pid <> pg_backend_pid()"), 'the query')
other = Client(host=T, login=False)
other.send(struct.pack('!II', 16, 80877102) + c.key)
same('code', refused('cancelled', c.result).code, '57014')
PY

it 'h01 the counters are at rest'
wait_for '[ "$(show POOLS cl_active database=postgres)" = 0 ]'
expect 'waiting' "$(show POOLS cl_waiting database=postgres)" 0
expect 'active' "$(show POOLS sv_active database=postgres)" 0
