# sampler.py - how many client connections does PostgreSQL see?
#
# talk [MSEC] <sampler.py: asks pg_stat_activity every 20 ms (MSEC) by a
# superuser connection of its own, while there is the file `sampling`; a server
# that is away is asked again. One line to $T/samples for each answer:
#
#	SENT ANSWERED ALL USER=COUNT ...
#
# with the times in seconds since 1970, so that a line can be laid beside
# what the test noted (see sampler.sh). Whoever comes by the Unix socket, as the
# sampler and lib.sh's `pg` do, is not counted. PostgreSQL looks at one backend
# after the other: one that began meanwhile may have the place of one that was
# counted and has ended since, so it is left out. What is left was there all at
# once, when the statement began.
every = float(sys.argv[1] if len(sys.argv) > 1 else 20) / 1000
SQL = '''
    select coalesce(usename, '?'), count(*)
    from pg_stat_activity
    where backend_type = 'client backend' and client_addr is not null
        and backend_start <= statement_timestamp()
    group by 1 order by 1'''


def sample(c):
    sent = time.time()
    rows = c.query(SQL)
    out.write('%.6f %.6f %d%s\n' % (
        sent, time.time(), sum(int(n) for _, n in rows),
        ''.join(' %s=%s' % r for r in rows)))


c = None
due = time.monotonic()
with open(T + '/samples', 'a', buffering=1) as out:
    while os.path.exists(T + '/sampling'):
        try:
            if c is None:
                c = Client(host=T, port=PG_PORT, timeout=10)
            sample(c)
        except (PgError, Closed, OSError):
            if c is not None:
                c.sock.close()
            c = None            # it restarts
        # Late samples are not made up for.
        due = max(due + every, time.monotonic())
        time.sleep(max(0, due - time.monotonic()))
