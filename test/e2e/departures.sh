#!/usr/bin/env bash
# departures.sh - clients that leave when it suits nobody. Nobody inherits
# their transactions, and every counter comes back to zero.
. "${0%/*}/lib.sh"

pg_start
pg 'create table t (id int primary key)'
pgweir_start '
pool_mode = transaction
default_pool_size = 2
max_client_conn = 300'

# nothing_left: no client, no waiter, no server at work, no open transaction.
nothing_left()
{
	wait_for '[ "$(show POOLS cl_active database=postgres)" = 0 ]'
	wait_for '[ "$(show POOLS cl_waiting database=postgres)" = 0 ]'
	wait_for '[ "$(show POOLS sv_active database=postgres)" = 0 ]'
	wait_for "[ \"\$(pg \"select count(*) from pg_stat_activity where
		xact_start is not null and pid <> pg_backend_pid()\")\" = 0 ]"
	expect 'rows' "$(pg 'select count(*) from t')" 0
}

it 'd34 in a transaction'
talk <<'PY'
for leave in Client.close, Client.abort:
    for _ in range(5):
        c = Client()
        c.query('begin')
        c.query('insert into t values (1)')
        leave(c)
    for _ in range(10):
        same('a clean server', Client().one('select now() = '
             'statement_timestamp()'), 't')
        same('nothing inherited', Client().one('select count(*) from t'), '0')
PY
nothing_left

it 'd34 in a failed transaction'
talk <<'PY'
for leave in Client.close, Client.abort:
    c = Client()
    c.query('begin')
    refused('fails', lambda: c.query('select 1 / 0'))
    leave(c)
    for _ in range(4):
        same('clean', Client().one('select 1'), '1')
PY
nothing_left

it 'd36 while a query runs'
talk <<'PY'
for leave in Client.close, Client.abort:
    c = Client()
    c.send(Q('insert into t select 1 from pg_sleep(0.3) where false'))
    leave(c)
for _ in range(4):
    same('clean', Client().one('select 1'), '1')
PY
nothing_left

it 'c21 after half a message'
talk <<'PY'
for leave in Client.close, Client.abort:
    c = Client()
    c.query('begin')
    c.send(Q('insert into t values (1)')[:12])
    leave(c)
    d = Client()
    d.send(Q('select ' + '1' * 100000)[:50000])
    d.sock.close()
for _ in range(4):
    same('clean', Client().one('select 1'), '1')
PY
nothing_left

it 'd35 between Parse and Sync'
talk <<'PY'
for leave in Client.close, Client.abort:
    c = Client()
    c.send(P('insert into t values (1)') + B() + E() + H)
    c.kinds('C')
    leave(c)
    for _ in range(4):
        same('clean', Client().one('select count(*) from t'), '0')
PY
nothing_left

it 'd19 in the middle of COPY, both ways'
talk <<'PY'
for leave in Client.close, Client.abort:
    c = Client()
    c.send(Q('copy t from stdin'))
    c.until('G')
    c.send(copy_data(b'1\n'))
    leave(c)
    d = Client()
    d.send(Q('copy (select generate_series(1, 1000000)) to stdout'))
    d.until('d')
    d.sock.close()
for _ in range(4):
    same('clean', Client().one('select count(*) from t'), '0')
PY
nothing_left

it 'h02 while waiting for a server'
talk <<'PY'
pgweir_only()
holders = [Client(), Client()]
for h in holders:
    h.query('begin')
waiters = [Client() for _ in range(20)]
for w in waiters:
    w.send(Q('insert into t values (1)'))
wait_until(lambda: pools()['cl_waiting'] == '20', 'twenty waiters')
for i, w in enumerate(waiters):
    (Client.abort if i % 2 else Client.close)(w)
wait_until(lambda: pools()['cl_waiting'] == '0', 'no waiter')
for h in holders:
    h.query('rollback')
    h.close()
PY
nothing_left

it 'h02 at every point of the login'
talk <<'PY'
hello = Client(login=False).hello()
for n in list(range(0, len(hello) + 1, 3)) + [len(hello)]:
    c = Client(login=False)
    if n:
        c.send(hello[:n])
    (Client.abort if n % 2 else lambda c: c.sock.close())(c)
for _ in range(30):
    c = Client(login=False)
    c.send(hello + Q('select 1'))
    c.abort()
PY
nothing_left

it 'c30 a client that says all and shuts its side'
talk <<'PY'
c = Client()
c.send(Q('select 7'))
c.sock.shutdown(socket.SHUT_WR)
try:
    same('answered', c.result(), [('7',)])
except Closed:
    pass			# the other permitted behaviour: just closed
same('clean', Client().one('select 1'), '1')
PY
nothing_left

it 'h01 a thousand random departures'
talk <<'PY'
import random
random.seed(20240501)
crowd = []
for i in range(1000):
    try:
        c = Client(login=False)
        part = random.random()
        if part < 0.2:
            c.send(c.hello()[:random.randrange(1, 20)])
        else:
            c.send(c.hello())
            c.authenticate()
            if part > 0.3:
                c.send(random.choice([
                    Q('select 1'), Q('begin'), run('select 1'),
                    Q('select pg_sleep(0.01)'), P('select 1'),
                    Q('begin; select 1 / 0'), Q('select 1')[:4]]))
            if part > 0.8:
                c.silent(0.002)
        crowd.append(c)
    except (PgError, Closed):
        pass
    if len(crowd) > 40:
        random.shuffle(crowd)
        for c in crowd[:20]:
            random.choice([Client.abort, Client.close,
                           lambda c: c.sock.close()])(c)
        crowd = crowd[20:]
for c in crowd:
    c.abort()
PY
nothing_left
expect 'login' "$(show LISTS items list=login_clients)" 0
expect 'connections of the database' \
	"$(show DATABASES current_connections name=postgres)" \
	"$(show POOLS sv_idle database=postgres)"
