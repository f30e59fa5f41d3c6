# mixed.py - clients that read and write, and are strict about errors.
#
# talk N DATABASE USER <mixed.py: N clients, until the file `enough` appears. One
# in four only reads, so that reads go on when all others wait to write.
#
# A client may lose an open transaction, or a result that has begun, when
# its server is lost: one FATAL error and the end of the connection, or just
# the error. It may not hear of anything else, and always gets in again. A
# statement alone that was sent and not answered is `in_flight`: whether that
# is excused is the test's to say, for a server that dies can take those with
# it that it may have done.
#
# While it runs, $T/load tells the counts, one `name number` a line. Each
# write has a number of its own; $T/acknowledged has those that were, and
# $T/perhaps those whose end nobody knows.
import random
import threading

COUNT, DB, USER = int(sys.argv[1]), sys.argv[2], sys.argv[3]
HINTED = '/* pgweir:replica */ select name from here'
LOCK = threading.Lock()
counts = {}
wrong = []
acknowledged = open(T + '/acknowledged', 'a')
perhaps = open(T + '/perhaps', 'a')


def enough():
    return bool(wrong) or os.path.exists(T + '/enough')


def count(name, n=1):
    with LOCK:
        counts[name] = counts.get(name, 0) + n


class One:
    """A client, and what it has in hand."""

    def __init__(self, me):
        self.me, self.n, self.c = me, 0, None
        self.reads_only = me % 4 == 3
        self.clear()

    def clear(self):
        self.what, self.open, self.begun, self.wrote = '', False, False, False

    def result(self):
        """One answer, up to ReadyForQuery."""
        rows, error = [], None
        while True:
            kind, body = self.c.read()
            if kind in 'TDC':
                self.begun = True
            if kind == 'D':
                rows.append(row(body))
            elif kind == 'E':
                error = PgError(body)
                if error.severity == 'FATAL':
                    raise error
            elif kind == 'Z':
                if error:
                    raise error
                self.begun = False
                self.open = body != b'I'
                return rows

    def ask(self, sql, extended=False):
        self.c.send(run(sql) if extended else Q(sql))
        return self.result()

    def excuse(self, error):
        """Which excuse there is, or none."""
        if self.open:
            return 'lost_open'
        if self.begun:
            return 'lost_begun'
        if self.what in ('write', 'plain'):
            return 'in_flight'
        wrong.append('client %d, number %d, %s: %s'
                     % (self.me, self.n, self.what or 'idle', error))
        return 'wrong'

    def connect(self):
        self.clear()
        try:
            self.c = Client(USER, DB, timeout=120)
        except (PgError, Closed, OSError) as e:
            wrong.append('client %d cannot come in: %r' % (self.me, e))

    def prepare(self):
        """Statements by name, which it keeps while it is connected."""
        self.what = 'hint' if self.reads_only else 'write'
        self.c.send(P(HINTED, 'read'))
        if not self.reads_only:
            self.c.send(P('insert into written values ($1, $2, $3)', 'write',
                          (23, 23, 25)))
        self.c.send(S)
        self.result()

    def over(self):
        """The write is done and acknowledged."""
        with LOCK:
            acknowledged.write('%d %d\n' % (self.me, self.n))
        self.wrote = False

    # What it does.

    def saw(self, rows):
        count('on_' + rows[0][0])
        count('reads')

    def insert(self, how, extended=False):
        self.wrote = True
        self.ask("insert into written values (%d, %d, '%s')"
                 % (self.me, self.n, how), extended)

    def read_only(self, extended):
        self.what = 'block'
        self.ask('begin read only', extended)
        self.saw(self.ask('select name from here', extended))
        self.ask('select count(*) from written where n < 0', extended)
        self.ask('commit', extended)
        count('read_blocks')

    def pipelined(self, _):
        """The same, all at once: what is behind the first answer is lost
        with it."""
        self.what = 'block'
        self.c.send(*(run(sql) for sql in (
            'begin transaction read only', 'select name from here', 'end')))
        # From now on it may have been begun.
        self.open = True
        self.result()
        self.open = True
        self.saw(self.result())
        self.result()
        count('read_blocks')

    def hinted(self, extended):
        self.what = 'hint'
        self.saw(self.ask(HINTED, extended))
        count('hinted')

    def by_name(self, _):
        self.what = 'hint'
        self.c.send(B((), 'read') + D() + E() + S)
        self.saw(self.result())
        count('hinted')

    def write_by_name(self, _):
        self.what = 'write'
        self.wrote = True
        self.c.send(B((str(self.me), str(self.n), 'name'), 'write')
                    + E() + S)
        self.result()
        self.over()
        count('writes')

    def plain(self, extended):
        self.what = 'plain'
        self.ask('select count(*) from written where n < 0', extended)
        count('plain')

    def write(self, extended):
        self.what = 'write'
        self.insert('alone', extended)
        self.over()
        count('writes')

    def block(self, extended):
        self.what = 'write'
        self.ask('begin', extended)
        self.what = 'block'
        self.insert('block', extended)
        self.ask('select count(*) from written where n < 0', extended)
        self.ask('commit', extended)
        self.over()
        count('writes')

    def turn(self):
        self.clear()
        self.n += 1
        extended = random.random() < 0.5
        reads = self.read_only, self.hinted, self.pipelined, self.by_name
        others = self.plain, self.write, self.block, self.write_by_name
        random.choice(reads if self.reads_only else reads + others)(extended)

    def live(self):
        while not enough():
            try:
                if self.c is None:
                    self.connect()
                    if self.c is not None:
                        self.prepare()
                    continue
                self.turn()
                self.clear()
                time.sleep(0.004 * random.random())
            except (PgError, Closed, OSError) as e:
                self.lost(e)
        if self.c is not None:
            self.c.close()

    def lost(self, error):
        words = []
        if not isinstance(error, PgError):
            # A send that failed; why may be waiting to be read.
            words = self.last_words()
            error = words.pop(0) if words else error
        elif error.severity == 'FATAL':
            words = self.last_words()
        count(self.excuse(error))
        if self.wrote:
            with LOCK:
                perhaps.write('%d %d\n' % (self.me, self.n))
        if words or not isinstance(error, PgError):
            wrong.append('client %d, number %d, %s%s%s: last words: %r %s'
                         % (self.me, self.n, self.what or 'idle',
                            ', open' if self.open else '',
                            ', begun' if self.begun else '', error, words))
        # Behind an error there may be answers to what was sent with it.
        self.c.close()
        self.c = None

    def last_words(self):
        """The errors before the connection is closed."""
        self.c.sock.settimeout(60)
        try:
            return [PgError(body) for kind, body in self.c.rest()
                    if kind == 'E']
        except OSError as e:
            return [e]


def guarded(me):
    try:
        One(me).live()
    except BaseException as e:
        wrong.append('client %d: %r' % (me, e))
        raise


def publish():
    with LOCK:
        lines = ['%s %d\n' % item for item in sorted(counts.items())]
    with open(T + '/load.new', 'w') as f:
        f.writelines(lines)
    os.rename(T + '/load.new', T + '/load')


crowd = [threading.Thread(target=guarded, args=(i,)) for i in range(COUNT)]
for thread in crowd:
    thread.start()
while any(thread.is_alive() for thread in crowd):
    publish()
    time.sleep(0.05)
publish()
acknowledged.close()
perhaps.close()
if wrong:
    raise SystemExit('\n'.join(wrong))
