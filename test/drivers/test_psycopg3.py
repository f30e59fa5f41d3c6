"""test_psycopg3.py - psycopg 3 in its defaults: a transaction around everything
unless autocommit is on, statements prepared at the sixth execution, 100 of
them kept, and pipelines."""

import decimal
import threading
import uuid

import psycopg
from psycopg import errors

from checks import *


def connect(i=0, **keys):
    return psycopg.connect(host=HOST, port=PORT, dbname=DATABASE, user=USER,
                           password=PASSWORD, **keys)


def auto(i=0, **keys):
    return connect(autocommit=True, **keys)


def one(c, text, *args, **keys):
    return c.execute(text, args or None, **keys).fetchone()[0]


def setup(text):
    with auto() as c:
        c.execute("set client_min_messages = warning;" + text +
                  ";reset client_min_messages")


def prepared(c):
    return len(c._prepared._names)


@check("statements that it prepares by itself")
def prepares():
    def body(c, i):
        for n in range(20):
            same("sum", one(c, f"select %s::int + {i * 1000}", n),
                 i * 1000 + n)
            same("text", one(c, f"select %s::text || ' of {i}'", str(n)),
                 f"{n} of {i}")
        same("prepared", prepared(c), 2)
    crowd(auto, body)


@check("statements that it prepares in transactions")
def prepares_in_blocks():
    def body(c, i):
        for n in range(12):
            with c.transaction():
                same("one", one(c, f"select {i} - %s::int", n), i - n)
                same("two", one(c, f"select {i} * %s::int", n), i * n)
        holds("it prepares", prepared(c) == 2)
    crowd(connect, body)


@check("EXECUTE, prepared by itself")
def executes():
    def body(c, i):
        for turn in range(3):
            c.execute(f"prepare mine (int) as select $1 + {i * 1000 + turn}")
            for n in range(12):
                same("sum", one(c, "execute mine (7)"), i * 1000 + turn + 7)
                same("sum", one(c, "execute mine (8)", prepare=n == 4),
                     i * 1000 + turn + 8)
            holds("it prepares", prepared(c) > 0)
            c.execute("deallocate mine")
            fails(errors.InvalidSqlStatementName,
                  lambda: c.execute("execute mine (7)"), "mine")
    crowd(auto, body)


@check("more prepared statements than are kept")
def many():
    def body(c, i):
        for turn in range(2):
            for n in range(130):
                same("number", one(c, f"select %s::int + {i * 1000 + n}", 1,
                                   prepare=True), i * 1000 + n + 1)
        same("kept", prepared(c), 100)
    crowd(auto, body)


@check("the same statement with other types")
def other_types():
    def body(c, i):
        for n in range(8):
            for value, kind in ((n, "smallint"), (n + 100000, "integer"),
                                (n + 2**40, "bigint"), (n + 0.5,
                                                        "double precision"),
                                (decimal.Decimal(n), "numeric")):
                got = c.execute("select pg_typeof(%s)::text, %s",
                                (value, value)).fetchone()
                same("type and value", got, (kind, value))
    crowd(auto, body)


@check("prepared statements outlive a migration")
def migration():
    setup("drop table if exists moved;"
          "create table moved (a int); insert into moved values (1)")
    sessions = together(auto)
    for c in sessions:
        for _ in range(8):
            same("before", c.execute("select * from moved").fetchone(), (1,))
    setup("alter table moved add b text default 'new'")
    for c in sessions:
        for _ in range(3):
            try:
                cursor = c.execute("select * from moved")
                same("columns", [d.name for d in cursor.description],
                     ["a", "b"])
                same("after", cursor.fetchone(), (1, "new"))
            except errors.FeatureNotSupported as e:
                says(e, "cached plan must not change result type")
        same("alive", one(c, "select 7"), 7)
        c.close()


@check("options of the startup packet")
def startup():
    def own(i=0):
        return auto() if i % 2 else auto(
            application_name=f"session {i}", options=options_of(i))

    def body(c, i):
        for _ in range(10):
            check_settings(i, c.execute(SHOW_SETTINGS).fetchone())
            if i % 2 == 0:
                same("found by path", one(c, "select id from whoami"), i)
    crowd(own, body)


@check("startup options that PostgreSQL refuses")
def refused():
    def body(i):
        wrong = i % 3 == 0
        try:
            with auto(options="-c statement_timeout=" +
                      ("sideways" if wrong else "12345")) as c:
                same("answer", one(c, "show statement_timeout"), "12345ms")
        except psycopg.Error as e:
            holds(f"an error of its own: {e}", wrong)
            says(e, 'invalid value for parameter "statement_timeout"')
        else:
            holds("it is refused", not wrong)
    together(body)


@check("transactions")
def transactions():
    setup("drop table if exists accounts;"
          "create table accounts as select i id, 100 balance"
          " from generate_series(0, 19) i")

    def body(c, i):
        for n in range(10):
            try:
                with c.transaction():
                    for who, what in sorted(((i, -1), ((i + 1) % 20, 1))):
                        c.execute("update accounts set balance = balance +"
                                  " %s where id = %s", (what, who))
                    if n % 3 == 2:
                        c.execute("select 1/0")
            except errors.DivisionByZero:
                same("rolled back", c.info.transaction_status.name, "IDLE")
            with c.transaction():
                c.execute("insert into accounts values (%s, 1)", (100 + i,))
                try:
                    with c.transaction():           # a savepoint
                        c.execute("delete from accounts where id = %s",
                                  (100 + i,))
                        c.execute("select nonsense")
                except errors.UndefinedColumn:
                    pass
                c.execute("delete from accounts where id = %s", (100 + i,))
                same("deleted", c.execute("select 1 from accounts where"
                                          " id = %s", (100 + i,)).fetchall(),
                     [])
        c.rollback()
    crowd(connect, body)
    with connect() as c:
        same("total", c.execute("select sum(balance), min(balance),"
                                " max(balance) from accounts").fetchone(),
             (2000, 100, 100))


@check("a failed transaction refuses until it is rolled back")
def failed_block():
    def body(c, i):
        for _ in range(5):
            fails(errors.UndefinedTable,
                  lambda: c.execute(f"select * from none{i}"), f"none{i}")
            fails(errors.InFailedSqlTransaction,
                  lambda: c.execute("select 1"))
            c.rollback()
            same("after", one(c, "select %s::int", i), i)
            c.commit()
    crowd(connect, body)


@check("isolation levels and read-only transactions")
def isolation():
    def body(c, i):
        c.isolation_level = psycopg.IsolationLevel.SERIALIZABLE
        c.read_only = True
        for _ in range(5):
            same("level", one(c, "show transaction_isolation"),
                 "serializable")
            fails(errors.ReadOnlySqlTransaction,
                  lambda: c.execute("create table never (a int)"))
            c.rollback()
        c.isolation_level = c.read_only = None
        same("default", one(c, "show transaction_isolation"),
             "read committed")
        c.rollback()
    crowd(connect, body)


@check("server-side cursors in a transaction")
def cursors():
    def body(c, i):
        for _ in range(2):
            with c.cursor("rows") as cursor:
                cursor.itersize = 70
                cursor.execute("select %s::int + n from"
                               " generate_series(1, 1000) n", (i * 10000,))
                same("some", cursor.fetchmany(3),
                     [(i * 10000 + n,) for n in (1, 2, 3)])
                same("the rest", [row[0] for row in cursor],
                     list(range(i * 10000 + 4, i * 10000 + 1001)))
            c.commit()
    crowd(connect, body)


@check("COPY in and out")
def copy():
    setup("drop table if exists copied;"
          "create table copied (session int, n int, note text)")
    note = "ünïcode\t\\ and \n" + "x" * 500

    def body(c, i):
        with c.cursor() as cursor:
            with cursor.copy("copy copied from stdin") as copy:
                for n in range(400):
                    copy.write_row((i, n, note))
            c.commit()
            with cursor.copy("copy (select * from copied where session ="
                             f" {i} order by n) to stdout") as copy:
                copy.set_types(["int4", "int4", "text"])
                same("rows", list(copy.rows()),
                     [(i, n, note) for n in range(400)])
            c.commit()
    crowd(connect, body)


@check("a COPY that fails, and one that is given up")
def copy_fails():
    setup("drop table if exists copied; create table copied (n int)")

    def body(c, i):
        def wrong():
            with c.cursor().copy("copy copied from stdin") as copy:
                copy.write("1\nnot a number\n")

        def gives_up():
            with c.cursor().copy("copy copied from stdin") as copy:
                copy.write("1\n")
                raise ValueError("no more")

        def stops():
            with c.cursor().copy("copy (select generate_series(1, 100000))"
                                 " to stdout") as copy:
                same("first row", bytes(next(iter(copy))), b"1\n")
                raise ValueError("no more")
        for _ in range(3):
            fails(errors.InvalidTextRepresentation, wrong, "integer")
            fails((ValueError, errors.QueryCanceled), gives_up, "no more")
            fails((ValueError, errors.QueryCanceled), stops)
            same("alive", one(c, "select %s::int", i), i)
        same("nothing copied", one(c, "select count(*) from copied"), 0)
    crowd(auto, body)


@check("cancel")
def cancel():
    def body(c, i):
        if i % 4:                       # bystanders
            for n in range(100):
                same("bystander", one(c, "select %s::int", n), n)
            return
        for _ in range(2):
            canceled = []

            def sleep():
                try:
                    c.execute("select pg_sleep(600)")
                except errors.QueryCanceled as e:
                    canceled.append(e)
            thread = threading.Thread(target=sleep, daemon=True)
            thread.start()
            until_done(thread, c.cancel)
            same("canceled", len(canceled), 1)
            same("alive", one(c, "select %s::int", i), i)
    crowd(auto, body)


@check("a statement timeout of its own")
def timeout():
    def body(c, i):
        if i % 10:
            same("slow", one(c, f"select {i} from pg_sleep(0.15)"), i)
        else:
            fails(errors.QueryCanceled,
                  lambda: c.execute("select pg_sleep(30)"),
                  "statement timeout")
        same("alive", one(c, "select %s::int", i), i)
    crowd(lambda i: auto() if i % 10 else
          auto(options="-c statement_timeout=3000"), body)


@check("pipelines")
def pipelines():
    def body(c, i):
        for _ in range(3):
            with c.pipeline() as p:
                cursors = [c.execute(f"select %s::int + {i * 1000}", (n,))
                           for n in range(30)]
                p.sync()
                cursors += [c.execute("select %s::int", (n,))
                            for n in range(30)]
                same("mine", [x.fetchone()[0] for x in cursors],
                     [i * 1000 + n for n in range(30)] + list(range(30)))
        holds("it prepares", prepared(c) == 2)
    crowd(auto, body)


@check("executemany, which pipelines")
def executemany():
    setup("drop table if exists lines; create table lines (s int, n int)")

    def body(c, i):
        with c.transaction():
            cursor = c.cursor()
            cursor.executemany("insert into lines values (%s, %s) returning"
                               " s + n", [(i, n) for n in range(200)],
                               returning=True)
            got = []
            while True:
                got += cursor.fetchall()
                if not cursor.nextset():
                    break
            same("returned", got, [(i + n,) for n in range(200)])
        same("there", one(c, "select count(*) from lines where s = %s", i),
             200)
    crowd(auto, body)


@check("errors in a pipeline")
def pipeline_errors():
    setup("drop table if exists lines; create table lines (s int, n int)")

    def body(c, i):
        for n in range(5):
            told = []

            # Where the driver tells depends on when it hears.
            def step(action):
                try:
                    action()
                except (errors.DivisionByZero, errors.PipelineAborted) as e:
                    told.append(e)

            def insert(number):
                step(lambda: c.execute("insert into lines values (%s, %s)",
                                       (i, number)))
            good = c.cursor()
            again = c.cursor()
            with c.pipeline() as p:
                good.execute("select %s::int", (i,))
                insert(n)
                p.sync()
                insert(1000)            # undone: no sync in between
                step(lambda: c.execute("select 1 / %s::int", (0,)))
                insert(2000)            # skipped
                step(p.sync)
                insert(100 + n)
                step(lambda: again.execute("select %s::int", (i + n,)))
                step(p.sync)
                step(lambda: same("before", good.fetchone(), (i,)))
                step(lambda: same("behind", again.fetchone(), (i + n,)))
            holds("it is told", told)
            same("alive", one(c, "select %s::int", i), i)
        same("done", c.execute("select n from lines where s = %s order by n",
                               (i,)).fetchall(),
             [(n,) for n in (0, 1, 2, 3, 4, 100, 101, 102, 103, 104)])
    crowd(auto, body)


@check("an error where a pipeline prepares")
def pipeline_parse_errors():
    def body(c, i):
        def wrong(n):
            with c.pipeline():
                c.execute("select %s::int", (1,), prepare=True)
                c.execute(f"select nonsense{n}", prepare=True)
                # Skipped, which this driver may not notice.
                c.execute(f"select {n} / %s::int", (1,), prepare=True)
        for n in range(3):
            fails(errors.UndefinedColumn, lambda: wrong(n), f"nonsense{n}")
            same("before", one(c, "select %s::int", i), i)
            same("alive", one(c, f"select %s::int + {n}", i, prepare=True),
                 i + n)
    crowd(auto, body)


@check("reconnecting")
def reconnect():
    def body(i):
        for n in range(10):
            with auto() as c:
                for _ in range(7):
                    same("mine", one(c, f"select %s::int + {n * 100}", i),
                         i + n * 100)
    together(body)


@check("leaving in the middle of everything")
def leave():
    setup("drop table if exists lines; create table lines (n int)")

    def body(i):
        c = connect()
        c.execute("insert into lines values (1)")
        if i % 2:
            c.cursor("rows").execute("select generate_series(1, 10000)")
        c.pgconn.finish()
        with connect() as c:
            same("nothing", one(c, "select count(*) from lines"), 0)
    together(body)


@check("a server that is lost")
def lost():
    def body(c, i):
        if i % 5 == 0:
            fails(psycopg.OperationalError, lambda: c.execute(
                "select pg_terminate_backend(pg_backend_pid())"))
            c = auto()
        for n in range(20):
            same("mine", one(c, "select %s::int", n), n)
        c.close()
    crowd(auto, body)


@check("DISCARD ALL and RESET ALL")
def reset():
    def body(c, i):
        for n in range(3):
            for reset in "reset all", "discard all":
                c.execute("set timezone = 'Asia/Tokyo'")
                same("set", one(c, "show timezone"), "Asia/Tokyo")
                same("prepared", one(c, f"select %s::int + {i}", n,
                                     prepare=True), n + i)
                c.execute(reset)
                same("startup value", one(c, "show timezone"),
                     f"Etc/GMT-{i % 9 + 1}")
                same("path", one(c, "show search_path"), f"s{i}")
                if reset == "discard all":
                    fails(errors.InvalidSqlStatementName,
                          lambda: one(c, f"select %s::int + {i}", n,
                                      prepare=True))
                    c._prepared.clear()
                    c.execute("deallocate all")
    crowd(lambda i: auto(options=f"-c search_path=s{i} -c "
                                 f"TimeZone=Etc/GMT-{i % 9 + 1}"), body)


@check("running numbers, nobody gets another's")
def numbers():
    def body(c, i):
        pids = set()
        for n in range(150):
            pid, who, number = c.execute(
                "select pg_backend_pid(), %s::int, %s::int",
                (i, n)).fetchone()
            same("answer", (who, number), (i, n))
            pids.add(pid)
        return pids
    few_servers(pid for pids in crowd(auto, body) for pid in pids)


@check("large statements and results")
def large():
    def body(c, i):
        text = chr(97 + i) * 1000000
        for prepare in False, True:
            same("parameter", one(c, "select %s::text", text,
                                  prepare=prepare), text)
        same("statement", one(c, f"select '{text}'"), text)
        same("prepared statement", one(c, f"select '{text}', %s::int", 1,
                                       prepare=True), text)
        rows = c.execute("select n, repeat(%s, 1000) from"
                         " generate_series(1, 2000) n", (chr(97 + i),))
        same("rows", rows.fetchall(),
             [(n, chr(97 + i) * 1000) for n in range(1, 2001)])
    crowd(auto, body)


@check("types")
def types():
    values = VALUES + [
        (bytes(range(256)), "bytea"), (uuid.UUID(int=2**127 + 5), "uuid")]

    def body(c, i):
        for n in range(7):
            for binary in False, True:
                for value, kind in values:
                    got = c.execute(f"select %s::{kind}", (value,),
                                    binary=binary).fetchone()[0]
                    if kind == "mood" and binary:
                        got = got.decode()      # the driver knows it not
                    same(kind, got, value)
            same("json", one(c, "select %s::jsonb", psycopg.types.json.Jsonb(
                {"i": i, "n": [n, None]})), {"i": i, "n": [n, None]})
    crowd(auto, body)


@check("notices")
def notices():
    def body(c, i):
        heard = []
        c.add_notice_handler(lambda n: heard.append(n.message_primary))
        for n in range(20):
            c.execute(f"do $$ begin raise notice '{i} says {n}'; end $$")
        same("heard", heard, [f"{i} says {n}" for n in range(20)])
    crowd(auto, body)


@check("empty queries, and several at once")
def several():
    def body(c, i):
        for n in range(5):
            same("empty", c.execute("").statusmessage, None)
            cursor = c.execute(f"select {i}; select {n}; select 'x'")
            got = [cursor.fetchone()]
            while cursor.nextset():
                got.append(cursor.fetchone())
            same("answers", got, [(i,), (n,), ("x",)])
            fails(errors.DivisionByZero, lambda: c.execute(
                f"select {i}; select 1/0; select 2"))
    crowd(auto, body)


run_one()
