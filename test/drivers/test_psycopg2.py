"""test_psycopg2.py - psycopg2 in its defaults: the simple protocol, and a
transaction around everything unless autocommit is on. What it prepares is
prepared in SQL."""

import io
import threading

import psycopg2
import psycopg2.extensions
import psycopg2.extras
import psycopg2.pool
from psycopg2 import errors

from checks import *


def connect(i=0, **keys):
    return psycopg2.connect(host=HOST, port=PORT, dbname=DATABASE, user=USER,
                            password=PASSWORD, **keys)


def auto(i=0, **keys):
    c = connect(**keys)
    c.autocommit = True
    return c


def run(c, text, args=None):
    cursor = c.cursor()
    cursor.execute(text, args)
    return cursor


def rows(c, text, args=None):
    return run(c, text, args).fetchall()


def one(c, text, *args):
    return rows(c, text, args or None)[0][0]


def setup(text):
    c = auto()
    run(c, "set client_min_messages = warning;" + text +
        ";reset client_min_messages")
    c.close()


@check("PREPARE, EXECUTE and DEALLOCATE")
def prepares():
    def body(c, i):
        for turn in range(3):
            run(c, f"prepare mine (int) as select $1 + {i * 1000}")
            run(c, f"prepare also as select '{i}.{turn}'::text")
            for n in range(15):
                same("sum", one(c, f"execute mine ({n})"), i * 1000 + n)
                same("text", one(c, "execute also"), f"{i}.{turn}")
            run(c, "deallocate mine")
            fails(errors.InvalidSqlStatementName,
                  lambda: run(c, "execute mine (1)"), "mine")
            same("the other stays", one(c, "execute also"), f"{i}.{turn}")
            run(c, "deallocate all")
            fails(errors.InvalidSqlStatementName,
                  lambda: run(c, "execute also"), "also")
    crowd(auto, body)


@check("PREPARE in a transaction, EXECUTE in the next")
def prepares_in_blocks():
    def body(c, i):
        run(c, f"prepare mine (int) as select $1 + {i * 1000}")
        c.commit()
        for n in range(10):
            same("sum", one(c, f"execute mine ({n})"), i * 1000 + n)
            same("and more", one(c, "select %s", n), n)
            c.commit() if n % 2 else c.rollback()
        fails(errors.DuplicatePreparedStatement, lambda: run(
            c, "prepare mine as select 1"), "already exists")
        c.rollback()
        same("still", one(c, "execute mine (5)"), i * 1000 + 5)
        c.commit()  # or it keeps its server until all have done
    crowd(connect, body)


@check("prepared by name, executed by many (execute_batch)")
def batches():
    setup("drop table if exists lines; create table lines (s int, n int)")

    def body(c, i):
        run(c, "prepare line (int, int) as insert into lines values ($1,$2)")
        psycopg2.extras.execute_batch(
            c.cursor(), "execute line (%s, %s)",
            [(i, n) for n in range(250)], page_size=60)
        c.commit()
        psycopg2.extras.execute_values(
            c.cursor(), "insert into lines values %s",
            [(i, n) for n in range(250)])
        c.commit()
        same("there", one(c, "select count(*) from lines where s = %s", i),
             500)
        c.commit()
    crowd(connect, body)


@check("options of the startup packet")
def startup():
    def own(i=0):
        # The driver sets DateStyle to ISO, as it found another one.
        return auto() if i % 2 else auto(
            application_name=f"session {i}",
            options=options_of(i) + " -c DateStyle=German")

    def body(c, i):
        for _ in range(10):
            check_settings(i, rows(c, SHOW_SETTINGS)[0])
            same("DateStyle", one(c, "show DateStyle"),
                 "ISO, MDY" if i % 2 else "ISO, DMY")
            if i % 2 == 0:
                same("found by path", one(c, "select id from whoami"), i)
    crowd(own, body)


@check("startup options that PostgreSQL refuses")
def refused():
    def body(i):
        wrong = i % 3 == 0
        try:
            c = auto(options="-c statement_timeout=" +
                     ("sideways" if wrong else "12345"))
            same("answer", one(c, "show statement_timeout"), "12345ms")
            c.close()
        except psycopg2.Error as e:
            holds(f"an error of its own: {e}", wrong)
            says(e, 'invalid value for parameter "statement_timeout"')
        else:
            holds("it is refused", not wrong)
    together(body)


@check("client encodings, of the startup and changed")
def encodings():
    def body(c, i):
        for n in range(10):
            encoding = ("LATIN1", "UTF8")[(i + n // 5) % 2]
            if n % 5 == 0:
                c.set_client_encoding(encoding)
            same("told", c.encoding, encoding)
            same("shown", one(c, "show client_encoding"), encoding)
            same("text", one(c, "select %s || chr(246)", f"é{n}"), f"é{n}ö")
    crowd(lambda i: auto(client_encoding=("LATIN1", "UTF8")[i % 2]), body)


@check("a time zone as Django sets it")
def timezone():
    zones = "Asia/Tokyo", "Europe/Oslo", "UTC", "America/New_York"

    def body(c, i):
        zone = zones[i % 4]
        if c.get_parameter_status("TimeZone") != zone:
            run(c, "set time zone %s", (zone,))
        for _ in range(10):
            same("told", c.get_parameter_status("TimeZone"), zone)
            same("shown", one(c, "show time zone"), zone)
    crowd(auto, body)


@check("transactions")
def transactions():
    setup("drop table if exists accounts;"
          "create table accounts as select i id, 100 balance"
          " from generate_series(0, 19) i")

    def body(c, i):
        for n in range(10):
            try:
                with c:
                    for who, what in sorted(((i, -1), ((i + 1) % 20, 1))):
                        run(c, "update accounts set balance = balance +"
                               " %s where id = %s", (what, who))
                    if n % 3 == 2:
                        run(c, "select 1/0")
            except errors.DivisionByZero:
                same("rolled back", c.status,
                     psycopg2.extensions.STATUS_READY)
            with c:
                run(c, "insert into accounts values (%s, 1); savepoint a",
                    (100 + i,))
                run(c, "delete from accounts where id = %s", (100 + i,))
                run(c, "rollback to a")
                same("back", one(c, "select balance from accounts where"
                                    " id = %s", 100 + i), 1)
                run(c, "delete from accounts where id = %s", (100 + i,))
    crowd(connect, body)
    same("total", rows(connect(), "select sum(balance), min(balance),"
                                  " max(balance) from accounts"),
         [(2000, 100, 100)])


@check("a failed transaction refuses until it is rolled back")
def failed_block():
    def body(c, i):
        for _ in range(5):
            fails(errors.UndefinedTable,
                  lambda: run(c, f"select * from none{i}"), f"none{i}")
            fails(errors.InFailedSqlTransaction, lambda: run(c, "select 1"))
            c.rollback()
            same("after", one(c, "select %s", i), i)
            c.commit()
    crowd(connect, body)


@check("isolation levels and read-only transactions")
def isolation():
    def body(c, i):
        c.set_session(isolation_level="SERIALIZABLE", readonly=True)
        for _ in range(5):
            same("level", one(c, "show transaction_isolation"),
                 "serializable")
            fails(errors.ReadOnlySqlTransaction,
                  lambda: run(c, "create table never (a int)"))
            c.rollback()
        c.set_session(isolation_level="DEFAULT", readonly="DEFAULT")
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
                cursor.execute("select %s + n from"
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

    def body(c, i):
        text = "".join(f"{i}\t{n}\tnöte {'x' * 500}\n" for n in range(400))
        c.cursor().copy_from(io.StringIO(text), "copied")
        c.commit()
        out = io.StringIO()
        c.cursor().copy_expert("copy (select * from copied where session ="
                               f" {i} order by n) to stdout", out)
        c.commit()
        same("rows", out.getvalue(), text)
    crowd(connect, body)


@check("a COPY that fails")
def copy_fails():
    setup("drop table if exists copied; create table copied (n int)")

    class Broken:
        def read(self, size):
            raise ValueError("no more")

    def body(c, i):
        for _ in range(3):
            fails(errors.InvalidTextRepresentation,
                  lambda: c.cursor().copy_from(
                      io.StringIO("1\nno number\n" + "5\n" * 9), "copied"))
            fails(errors.QueryCanceled,
                  lambda: c.cursor().copy_from(Broken(), "copied"),
                  "no more")
            same("alive", one(c, "select %s", i), i)
        same("nothing copied", one(c, "select count(*) from copied"), 0)
    crowd(auto, body)


@check("cancel")
def cancel():
    def body(c, i):
        if i % 4:                       # bystanders
            for n in range(100):
                same("bystander", one(c, "select %s", n), n)
            return
        for _ in range(2):
            canceled = []

            def sleep():
                try:
                    run(c, "select pg_sleep(600)")
                except errors.QueryCanceled as e:
                    canceled.append(e)
            thread = threading.Thread(target=sleep, daemon=True)
            thread.start()
            until_done(thread, c.cancel)
            same("canceled", len(canceled), 1)
            same("alive", one(c, "select %s", i), i)
    crowd(auto, body)


@check("a statement timeout of its own")
def timeout():
    def body(c, i):
        if i % 10:
            same("slow", one(c, f"select {i} from pg_sleep(0.15)"), i)
        else:
            fails(errors.QueryCanceled, lambda: run(
                c, "select pg_sleep(30)"), "statement timeout")
        same("alive", one(c, "select %s", i), i)
    crowd(lambda i: auto() if i % 10 else
          auto(options="-c statement_timeout=3000"), body)


@check("errors among several statements")
def several():
    setup("drop table if exists lines; create table lines (n int)")

    def body(c, i):
        for n in range(5):
            same("the last answer", one(c, f"select 1; select {i}"), i)
            fails(errors.DivisionByZero, lambda: run(
                c, "insert into lines values (1); select 1/0;"
                   "insert into lines values (2)"))
            same("all undone", one(c, "select count(*) from lines"), 0)
            fails(psycopg2.ProgrammingError, lambda: run(c, ""), "empty")
            same("alive", one(c, "select %s", i + n), i + n)
    crowd(auto, body)


@check("reconnecting")
def reconnect():
    def body(i):
        for n in range(10):
            c = auto()
            same("mine", one(c, "select %s", i * 100 + n), i * 100 + n)
            c.close()
    together(body)


@check("leaving in the middle of everything")
def leave():
    setup("drop table if exists lines; create table lines (n int)")

    def body(i):
        c = connect()
        run(c, "insert into lines values (1)")
        if i % 2:
            c.cursor("rows").execute("select generate_series(1, 10000)")
        c.close()
        c = auto()
        same("nothing", one(c, "select count(*) from lines"), 0)
        c.close()
    together(body)


@check("a server that is lost")
def lost():
    def body(c, i):
        if i % 5 == 0:
            fails(psycopg2.OperationalError, lambda: run(
                c, "select pg_terminate_backend(pg_backend_pid())"))
            c = auto()
        for n in range(20):
            same("mine", one(c, "select %s", n), n)
        c.close()
    crowd(auto, body)


@check("what a connection pool does between users")
def reset():
    pool = psycopg2.pool.ThreadedConnectionPool(
        5, 20, host=HOST, port=PORT, dbname=DATABASE, user=USER,
        password=PASSWORD, options="-c search_path=s7 -c TimeZone=Etc/UTC")

    def body(i):
        for n in range(10):
            c = pool.getconn()
            same("path", one(c, "show search_path"), "s7")
            same("zone", one(c, "show timezone"), "Etc/UTC")
            c.commit()
            run(c, "set timezone = 'Asia/Tokyo'")
            c.commit()
            same("set", one(c, "show timezone"), "Asia/Tokyo")
            c.reset()           # ABORT, RESET ALL, SET SESSION AUTHORIZATION
            same("again", one(c, "show timezone"), "Etc/UTC")
            pool.putconn(c)     # rolls back
    together(body)
    pool.closeall()


@check("DISCARD ALL")
def discard():
    def body(c, i):
        for n in range(4):
            run(c, f"prepare mine as select {i}")
            run(c, "set timezone = 'Asia/Tokyo'")
            same("mine", one(c, "execute mine"), i)
            same("set", one(c, "show timezone"), "Asia/Tokyo")
            run(c, "discard all")
            fails(errors.InvalidSqlStatementName,
                  lambda: run(c, "execute mine"), "mine")
            same("zone", one(c, "show timezone"), "Etc/GMT-5")
            same("path", one(c, "show search_path"), f"s{i}")
    crowd(lambda i: auto(options=f"-c search_path=s{i} -c "
                                 "TimeZone=Etc/GMT-5"), body)


@check("running numbers, nobody gets another's")
def numbers():
    def body(c, i):
        pids = set()
        for n in range(150):
            pid, who, number = rows(c, "select pg_backend_pid(), %s, %s",
                                    (i, n))[0]
            same("answer", (who, number), (i, n))
            pids.add(pid)
        return pids
    few_servers(pid for pids in crowd(auto, body) for pid in pids)


@check("large statements and results")
def large():
    def body(c, i):
        text = chr(97 + i) * 1000000
        same("statement", one(c, "select %s", text), text)
        same("rows", rows(c, "select n, repeat(%s, 1000) from"
                             " generate_series(1, 2000) n", (chr(97 + i),)),
             [(n, chr(97 + i) * 1000) for n in range(1, 2001)])
    crowd(auto, body)


@check("types")
def types():
    def body(c, i):
        for n in range(3):
            for value, kind in VALUES:
                same(kind, one(c, f"select cast(%s as {kind})", value),
                     value)
            same("bytea", bytes(one(c, "select %s::bytea",
                                    bytes(range(256)))), bytes(range(256)))
            same("json", one(c, "select %s::jsonb", psycopg2.extras.Json(
                {"i": i, "n": [n, None]})), {"i": i, "n": [n, None]})
    crowd(auto, body)


@check("notices")
def notices():
    def body(c, i):
        for n in range(20):
            run(c, f"do $$ begin raise notice '{i} says {n}'; end $$")
        same("heard", c.notices, [f"NOTICE:  {i} says {n}\n"
                                  for n in range(20)])
    crowd(auto, body)


run_one()
