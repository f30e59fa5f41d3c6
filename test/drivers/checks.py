"""checks.py - what the tests of the Python drivers stand on.

A driver's program registers its checks with @check and ends with run_one():
without an argument it names its checks, with a name it runs that one. The
runner gives each check a process of its own, so that whatever a check leaves
behind ends with it. A check is good if it returns.
"""

import datetime
import decimal
import os
import sys
import time
import traceback
from concurrent.futures import ThreadPoolExecutor, as_completed

HOST = os.environ.get("DRIVERS_HOST", "127.0.0.1")
PORT = int(os.environ.get("DRIVERS_PORT", "5432"))
DATABASE, USER, PASSWORD = "drivers", "app", "the password"
# How many server connections the sessions share; 0 if each has its own.
SERVERS = int(os.environ.get("DRIVERS_SERVERS", "0"))
SESSIONS = 20

CHECKS = {}


def check(name):
    def register(function):
        CHECKS[name] = function
        return function
    return register


class Wrong(Exception):
    pass


def same(what, got, want):
    if got != want:
        raise Wrong(f"{what}: got {str(got)[:200]!r}, "
                    f"want {str(want)[:200]!r}")


def holds(what, condition):
    if not condition:
        raise Wrong(f"not so: {what}")


def says(error, *texts):
    """An error is one of those that are wanted."""
    if not any(text in str(error) for text in texts):
        raise Wrong(f"another error: {type(error).__name__}: {error}")


def fails(errors, action, *texts):
    """The action fails, with one of these texts if there are any."""
    try:
        action()
    except errors as e:
        if texts:
            says(e, *texts)
        return e
    raise Wrong("it did not fail")


def together(action, count=SESSIONS):
    """Runs action(0) .. action(count - 1) at once. The first error ends
    all, as the process ends with it."""
    pool = ThreadPoolExecutor(count)
    futures = [pool.submit(action, i) for i in range(count)]
    for future in as_completed(futures):
        future.result()
    pool.shutdown()
    return [future.result() for future in futures]


def crowd(connect, body, count=SESSIONS):
    """Runs body(connection, i) for many sessions at once. All are there
    before the first begins, and until the last has done."""
    connections = together(lambda i: connect(i), count)
    results = together(lambda i: body(connections[i], i), count)
    for connection in connections:
        connection.close()
    return results


def few_servers(pids):
    """Nobody made more server connections than the pool may have."""
    count = len(set(pids))
    if SERVERS:
        holds(f"{count} servers of at most {SERVERS}", count <= SERVERS)
    else:
        same("servers", count, SESSIONS)


# A value of each type that all drivers know.
VALUES = [
    (True, "bool"), (-32768, "int2"), (2**31 - 1, "int4"), (-2**63, "int8"),
    (1.1e300, "float8"), (None, "text"), ("naïve ☃ \\ ' \"", "text"),
    (decimal.Decimal("12345678901234567890.0123456789"), "numeric"),
    (datetime.date(2026, 2, 28), "date"),
    (datetime.datetime(1999, 12, 31, 23, 59, 59, 999999), "timestamp"),
    (datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc),
     "timestamptz"),
    (datetime.timedelta(days=3, seconds=5, microseconds=7), "interval"),
    ([1, None, 3], "int4[]"), ([["a", "b"], ["c,", '"']], "text[]"),
    ("happy", "mood"),
]


def settings_of(i):
    """What a session asks for at its login, if its number is even."""
    return {
        "search_path": f"s{i},public", "statement_timeout": str(i + 500000),
        "extra_float_digits": f"-{i % 7}", "pgweir.tenant": f"t{i}",
        "TimeZone": f"Etc/GMT-{i % 9 + 1}", "work_mem": f"{i + 100}kB",
        "application_name": f"session {i}",
    }


def options_of(i):
    """The same for libpq, in two forms; it has a keyword for the name."""
    settings = settings_of(i)
    del settings["application_name"]
    work_mem = settings.pop("work_mem")
    return " ".join([f"-c {name}={value}" for name, value in
                     settings.items()] + [f"--work_mem={work_mem}"])


SHOW_SETTINGS = "select " + ", ".join(
    f"replace(current_setting('{name}', true), ', ', ',')"
    for name in settings_of(0))


def check_settings(i, row):
    """What a session gets from SHOW_SETTINGS is what it has asked for."""
    got, want = dict(zip(settings_of(0), row)), settings_of(i)
    if i % 2:
        holds(f"no tenant: {got}", not got.pop("pgweir.tenant"))
        del got["TimeZone"]
        want = {"search_path": '"$user",public', "statement_timeout": "0",
                "extra_float_digits": "1", "work_mem": "4MB",
                "application_name": ""}
    else:
        want["statement_timeout"] = f"{i + 500000}ms" if i else "500s"
        want["extra_float_digits"] = str(-(i % 7))
    same("settings", got, want)


def until_done(thread, action, seconds=200):
    """Repeats the action until the thread ends."""
    end = time.monotonic() + seconds
    while thread.is_alive():
        if time.monotonic() > end:
            raise Wrong(f"in vain, {seconds} s long")
        action()
        thread.join(0.2)


def run_one():
    if len(sys.argv) == 1:
        print("\n".join(CHECKS))
        return
    status = 0
    try:
        CHECKS[sys.argv[1]]()
    except BaseException as e:
        traceback.print_exc()
        line = str(e).strip().replace("\n", " / ")
        print(f"why: {type(e).__name__}: {line[:400]}", file=sys.stderr)
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)            # threads that wait for ever end, too
