"""test_asyncpg.py - asyncpg in its defaults: every statement with arguments
is prepared under a name and kept, parsed in one batch and bound in another,
with binary values whose types it asks the catalog for."""

import asyncio
import io
import time
import uuid

import asyncpg

from checks import *


async def connect(i=0, **keys):
    return await asyncpg.connect(host=HOST, port=PORT, database=DATABASE,
                                 user=USER, password=PASSWORD, **keys)


async def gather(action, count=SESSIONS):
    return await asyncio.gather(*(action(i) for i in range(count)))


async def crowd(connect, body, count=SESSIONS):
    connections = await gather(connect, count)
    results = await gather(lambda i: body(connections[i], i), count)
    for c in connections:
        await c.close()
    return results


async def setup(text):
    c = await connect()
    await c.execute("set client_min_messages = warning;" + text +
                    ";reset client_min_messages")
    await c.close()


async def fails(errors, coroutine, *texts):
    try:
        await coroutine
    except errors as e:
        if texts:
            says(e, *texts)
        return e
    raise Wrong("it did not fail")


def async_check(name):
    """A check that runs in an event loop of its own."""
    def register(function):
        check(name)(lambda: asyncio.run(function()))
        return function
    return register


@async_check("statements that it prepares by itself")
async def prepares():
    async def body(c, i):
        for n in range(20):
            same("sum", await c.fetchval(f"select $1::int + {i * 1000}", n),
                 i * 1000 + n)
            same("text", await c.fetchval(f"select $1::text || ' of {i}'",
                                          str(n)), f"{n} of {i}")
    await crowd(connect, body)


@async_check("statements prepared by hand")
async def by_hand():
    async def body(c, i):
        for turn in range(3):
            one = await c.prepare(f"select $1::int - {i}")
            two = await c.prepare(f"select $1::text, {i} as number")
            same("columns", [a.name for a in two.get_attributes()],
                 ["text", "number"])
            same("parameters", [t.name for t in one.get_parameters()],
                 ["int4"])
            for n in range(10):
                same("one", await one.fetchval(n), n - i)
                same("two", tuple(await two.fetchrow(f"n{n}")), (f"n{n}", i))
            del one, two
    await crowd(connect, body)


@async_check("statements that it prepares in transactions")
async def in_blocks():
    async def body(c, i):
        for n in range(12):
            async with c.transaction():
                same("one", await c.fetchval(f"select {i} - $1::int", n),
                     i - n)
                same("two", await c.fetchval(f"select {i} * $1::int", n),
                     i * n)
    await crowd(connect, body)


@async_check("more prepared statements than are kept")
async def many():
    async def body(c, i):
        for turn in range(2):
            for n in range(130):
                same("number", await c.fetchval(
                    f"select $1::int + {i * 1000 + n}", 1),
                     i * 1000 + n + 1)
    await crowd(connect, body)


@async_check("prepared statements outlive a migration")
async def migration():
    await setup("drop table if exists moved;"
                "create table moved (a int); insert into moved values (1)")
    sessions = await gather(connect)
    for c in sessions:
        for _ in range(3):
            same("before", tuple(await c.fetchrow("select * from moved")),
                 (1,))
    await setup("alter table moved add b text default 'new'")
    for c in sessions:
        # Outside of a transaction the driver prepares anew by itself.
        for _ in range(3):
            row = await c.fetchrow("select * from moved where a = $1", 1)
            same("columns", list(row.keys()), ["a", "b"])
            row = await c.fetchrow("select * from moved")
            same("columns", list(row.keys()), ["a", "b"])
            same("after", tuple(row), (1, "new"))
        await c.close()


@async_check("settings of the startup packet")
async def startup():
    async def own(i):
        return await (connect() if i % 2 else
                      connect(server_settings=settings_of(i)))

    async def body(c, i):
        for _ in range(10):
            check_settings(i, await c.fetchrow(SHOW_SETTINGS))
            if i % 2 == 0:
                same("found by path",
                     await c.fetchval("select id from whoami"), i)
    await crowd(own, body)


@async_check("startup settings that PostgreSQL refuses")
async def refused():
    async def body(i):
        wrong = i % 3 == 0
        try:
            c = await connect(server_settings={
                "statement_timeout": "sideways" if wrong else "12345"})
            same("answer", await c.fetchval("show statement_timeout"),
                 "12345ms")
            await c.close()
        except asyncpg.PostgresError as e:
            holds(f"an error of its own: {e}", wrong)
            says(e, 'invalid value for parameter "statement_timeout"')
        else:
            holds("it is refused", not wrong)
    await gather(body)


@async_check("transactions")
async def transactions():
    await setup("drop table if exists accounts;"
                "create table accounts as select i id, 100 balance"
                " from generate_series(0, 19) i")

    async def body(c, i):
        for n in range(10):
            try:
                async with c.transaction():
                    for who, what in sorted(((i, -1), ((i + 1) % 20, 1))):
                        await c.execute(
                            "update accounts set balance = balance + $1"
                            " where id = $2", what, who)
                    if n % 3 == 2:
                        await c.execute("select 1/0")
            except asyncpg.DivisionByZeroError:
                holds("rolled back", not c.is_in_transaction())
            async with c.transaction(isolation="repeatable_read"):
                await c.execute("insert into accounts values ($1, 1)",
                                100 + i)
                try:
                    async with c.transaction():     # a savepoint
                        await c.execute("delete from accounts where id = $1",
                                        100 + i)
                        await c.execute("select nonsense")
                except asyncpg.UndefinedColumnError:
                    pass
                same("deleted", await c.execute(
                    "delete from accounts where id = $1", 100 + i),
                     "DELETE 1")
    await crowd(connect, body)
    c = await connect()
    same("total", tuple(await c.fetchrow(
        "select sum(balance), min(balance), max(balance) from accounts")),
         (2000, 100, 100))


@async_check("a failed transaction refuses until it is rolled back")
async def failed_block():
    async def body(c, i):
        for _ in range(5):
            await c.execute("begin")
            await fails(asyncpg.UndefinedTableError,
                        c.fetch(f"select * from none{i} where $1", True),
                        f"none{i}")
            await fails(asyncpg.InFailedSQLTransactionError,
                        c.fetch("select $1::int", 1))
            await c.execute("rollback")
            same("after", await c.fetchval("select $1::int", i), i)
    await crowd(connect, body)


@async_check("read-only transactions")
async def read_only():
    async def body(c, i):
        for _ in range(5):
            async def write():
                async with c.transaction(isolation="serializable",
                                         readonly=True, deferrable=True):
                    same("level", await c.fetchval(
                        "show transaction_isolation"), "serializable")
                    await c.execute("create table never (a int)")
            await fails(asyncpg.ReadOnlySQLTransactionError, write())
            same("default", await c.fetchval("show transaction_isolation"),
                 "read committed")
    await crowd(connect, body)


@async_check("cursors in a transaction")
async def cursors():
    async def body(c, i):
        for _ in range(2):
            async with c.transaction():
                cursor = await c.cursor(
                    "select $1::int + n from generate_series(1, 1000) n",
                    i * 10000)
                same("some", [r[0] for r in await cursor.fetch(3)],
                     [i * 10000 + n for n in (1, 2, 3)])
                same("skipped", await cursor.forward(7), 7)
                # Another statement in between.
                same("other", await c.fetchval("select $1::int", i), i)
                same("next", (await cursor.fetchrow())[0], i * 10000 + 11)
                got = [r[0] async for r in c.cursor(
                    "select $1::int * n from generate_series(1, 300) n", i)]
                same("all", got, [i * n for n in range(1, 301)])
    await crowd(connect, body)


@async_check("COPY in and out, of records, too")
async def copy():
    await setup("drop table if exists copied;"
                "create table copied (session int, n int, note text)")

    async def body(c, i):
        note = "nöte\t\\" + "x" * 500
        await c.copy_records_to_table(
            "copied", records=[(i, n, note) for n in range(400)])
        await c.copy_to_table("copied", source=io.BytesIO(
            b"".join(b"%d\t%d\tplain\n" % (i, n) for n in range(400, 600))))
        out = io.BytesIO()
        await c.copy_from_query("select n, note from copied where session ="
                                " $1 and n >= 400 order by n", i, output=out)
        same("rows", out.getvalue(), b"".join(
            b"%d\tplain\n" % n for n in range(400, 600)))
        same("records", [tuple(r) for r in await c.fetch(
            "select n, note from copied where session = $1 and n < 400"
            " order by n", i)], [(n, note) for n in range(400)])
    await crowd(connect, body)


@async_check("a COPY that fails, and one that is given up")
async def copy_fails():
    await setup("drop table if exists copied; create table copied (n int)")

    async def breaks():
        yield b"1\n"
        raise ValueError("no more")

    async def refuses(data):
        raise ValueError("no more")

    async def body(c, i):
        for _ in range(3):
            await fails(asyncpg.DataError, c.copy_to_table(
                "copied", source=io.BytesIO(b"1\nno number\n")))
            await fails(ValueError, c.copy_to_table(
                "copied", source=breaks()))
            await fails(ValueError, c.copy_from_query(
                "select generate_series(1, 100000)", output=refuses))
            same("alive", await c.fetchval("select $1::int", i), i)
        same("none", await c.fetchval("select count(*) from copied"), 0)
    await crowd(connect, body)


# PostgreSQL ignores a cancel request that strikes between two messages of a
# batch, so on a slow machine one of them may be lost.
@async_check("cancel")
async def cancel():
    lost = []

    async def body(c, i):
        if i % 4:                       # bystanders
            for n in range(100):
                same("bystander", await c.fetchval("select $1::int", n), n)
            return
        for n in range(3):
            start = time.monotonic()
            if n % 2:
                await fails(asyncio.TimeoutError, c.fetchval(
                    "select pg_sleep($1)", 90, timeout=0.3))
            else:
                task = asyncio.ensure_future(c.execute(
                    "select pg_sleep(90)"))
                await asyncio.sleep(0.3)
                task.cancel()
                await fails(asyncio.CancelledError, task)
            if time.monotonic() - start > 80:
                lost.append((i, n))
            same("alive", await c.fetchval("select $1::int", i), i)
    await crowd(connect, body)
    same("at most one is lost", lost[1:], [])


@async_check("a statement timeout of its own")
async def timeout():
    async def body(c, i):
        if i % 10:
            same("slow", await c.fetchval(
                f"select {i} from pg_sleep(0.15)"), i)
        else:
            await fails(asyncpg.QueryCanceledError, c.fetchval(
                "select pg_sleep($1)", 30), "statement timeout")
        same("alive", await c.fetchval("select $1::int", i), i)
    await crowd(lambda i: connect() if i % 10 else connect(
        server_settings={"statement_timeout": "3000"}), body)


@async_check("executemany, which sends batches")
async def batches():
    await setup("drop table if exists lines; create table lines (s int,"
                " n int, note text)")

    async def body(c, i):
        for turn in range(2):
            await c.executemany("insert into lines values ($1, $2, $3)",
                                [(i, n, "x" * 200) for n in range(500)])
        same("there", await c.fetchval(
            "select count(*) from lines where s = $1", i), 1000)
    await crowd(connect, body)


@async_check("errors in a batch")
async def batch_errors():
    await setup("drop table if exists lines;"
                "create table lines (s int, n int check (n <> 77))")

    async def body(c, i):
        for turn in range(4):
            # Fails at the server, which has half of it by then.
            await fails(asyncpg.CheckViolationError, c.executemany(
                "insert into lines values ($1, $2)",
                [(i, n) for n in range(100)]))
            # Fails at the driver, in the middle.
            await fails(asyncpg.DataError, c.executemany(
                "insert into lines values ($1, $2)", [(i, 1), (i, "two")]))
            await fails(asyncpg.UndefinedColumnError, c.fetch(
                f"select nonsense{turn % 2} + $1", 1))
            same("alive", await c.fetchval("select $1::int", i), i)
        same("none", await c.fetchval("select count(*) from lines"), 0)
    await crowd(connect, body)


@async_check("reconnecting")
async def reconnect():
    async def body(i):
        for n in range(4):
            c = await connect()
            for _ in range(3):
                same("mine", await c.fetchval(
                    f"select $1::int + {n * 100}", i), i + n * 100)
            await c.close()
    await gather(body)


@async_check("leaving in the middle of everything")
async def leave():
    await setup("drop table if exists lines; create table lines (n int)")

    async def body(i):
        c = await connect()
        await c.execute("begin")
        await c.execute("insert into lines values ($1)", 1)
        c.terminate()
        c = await connect()
        same("none", await c.fetchval("select count(*) from lines"), 0)
        await c.close()
    await gather(body)


@async_check("a server that is lost")
async def lost():
    async def body(c, i):
        if i % 5 == 0:
            await fails((asyncpg.PostgresError, OSError,
                         asyncpg.InterfaceError), c.fetch(
                "select pg_terminate_backend(pg_backend_pid())"))
            c = await connect()
        for n in range(20):
            same("mine", await c.fetchval("select $1::int", n), n)
        await c.close()
    await crowd(connect, body)


@async_check("its pool, which resets between users")
async def pool():
    pool = await asyncpg.create_pool(
        host=HOST, port=PORT, database=DATABASE, user=USER,
        password=PASSWORD, min_size=5, max_size=20,
        server_settings={"search_path": "s7", "timezone": "Etc/UTC"})

    async def body(i):
        for n in range(10):
            async with pool.acquire() as c:
                same("path", await c.fetchval("show search_path"), "s7")
                same("zone", await c.fetchval("show timezone"), "Etc/UTC")
                await c.execute("set timezone = 'Asia/Tokyo'")
                same("set", await c.fetchval("show timezone"), "Asia/Tokyo")
                same("mine", await c.fetchval(
                    f"select $1::int + {i % 5}", n), n + i % 5)
    await gather(body)
    await pool.close()


@async_check("DISCARD ALL and RESET ALL")
async def reset():
    async def own(i):
        return await connect(server_settings={
            "search_path": f"s{i}", "timezone": "Etc/GMT-5"})

    async def body(c, i):
        for n in range(3):
            for reset in "reset all", "discard all":
                await c.execute("set timezone = 'Asia/Tokyo'")
                same("set", await c.fetchval("show timezone"), "Asia/Tokyo")
                await c.execute(reset)
                if reset == "discard all":
                    # The driver knows this error, and prepares anew.
                    await fails(asyncpg.InvalidSQLStatementNameError,
                                c.fetchval("show timezone"))
                same("zone", await c.fetchval("select current_setting("
                                              "'timezone')"), "Etc/GMT-5")
                same("path", await c.fetchval("select current_setting("
                                              "'search_path')"), f"s{i}")
                await c.reload_schema_state()
    await crowd(own, body)


@async_check("running numbers, nobody gets another's")
async def numbers():
    async def body(c, i):
        pids = set()
        for n in range(150):
            pid, who, number = await c.fetchrow(
                "select pg_backend_pid(), $1::int, $2::int", i, n)
            same("answer", (who, number), (i, n))
            pids.add(pid)
        return pids
    few_servers(pid for pids in await crowd(connect, body) for pid in pids)


@async_check("large statements and results")
async def large():
    async def body(c, i):
        text = chr(97 + i) * 1000000
        for _ in range(2):
            same("parameter", await c.fetchval("select $1::text", text),
                 text)
            same("statement", await c.fetchval(
                f"select '{text}' || $1::text", "."), text + ".")
        rows = await c.fetch("select n, repeat($1, 1000) from"
                             " generate_series(1, 2000) n", chr(97 + i))
        same("rows", [tuple(row) for row in rows],
             [(n, chr(97 + i) * 1000) for n in range(1, 2001)])
    await crowd(connect, body)


@async_check("types, those of this database, too")
async def types():
    values = VALUES + [
        (bytes(range(256)), "bytea"), (uuid.UUID(int=2**127 + 5), "uuid"),
        (["sad", "ok"], "mood[]"), ((5, "five"), "pair"),
        ('{"a": [1, null]}', "jsonb")]

    async def body(c, i):
        for n in range(2):
            for value, kind in values:
                same(kind, await c.fetchval(f"select $1::{kind}", value),
                     value)
    await crowd(connect, body)


@async_check("notices")
async def notices():
    async def body(c, i):
        heard = []
        c.add_log_listener(lambda c, m: heard.append(m.message))
        for n in range(20):
            await c.execute(
                f"do $$ begin raise notice '{i} says {n}'; end $$")
        await asyncio.sleep(0)
        same("heard", heard, [f"{i} says {n}" for n in range(20)])
    await crowd(connect, body)


@async_check("empty queries, and several at once")
async def several():
    async def body(c, i):
        for n in range(5):
            same("nothing", await c.fetch(""), [])
            same("the last", await c.execute("select 1; set local jit = off;"
                                             "select 1 where false"),
                 "SELECT 0")
            await fails(asyncpg.DivisionByZeroError, c.execute(
                "select 1; select 1/0; select 2"))
            same("alive", await c.fetchval("select $1::int", i), i)
    await crowd(connect, body)


run_one()
