#!/usr/bin/env bash
# service.sh - pgweir as a service of systemd, with a stand-in for systemd:
# its environment, its notification socket, its listening sockets.
. "${0%/*}/lib.sh"

is_pgbouncer && skip 'PgBouncer has another way'
grep -q -a sd_notify "$PGWEIR" || skip 'built without libsystemd'
pg_start
pgbench -h "$T" -p "$PG_PORT" -U postgres -i -q -s 1 postgres >"$T/out" 2>&1 ||
	fail "pgbench -i: $(cat "$T/out")"
mkdir "$T/bin"
cp "$PGWEIR" "$T/bin/pgweir"
chmod 755 "$T/bin" "$T/bin/pgweir"
export AS_USER="${as_user[*]}"

cat >"$T/manager.py" <<'PY'
import socket
import struct
import subprocess
import time


class Manager:
    """What systemd is for one service."""

    def __init__(self, listen=()):
        self.path = T + '/notify'
        if os.path.exists(self.path):
            os.remove(self.path)
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(self.path)
        os.chmod(self.path, 0o777)
        self.notify.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self.notify.settimeout(20)
        self.sockets = []
        for where in listen:
            unix = isinstance(where, str)
            s = socket.socket(socket.AF_UNIX if unix else socket.AF_INET)
            if unix and os.path.exists(where):
                os.remove(where)
            if not unix:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.bind(where)
            if unix:
                os.chmod(where, 0o777)
            s.listen(256)
            self.sockets.append(s)
        self.alive = 0                  # how many WATCHDOG=1

    def start(self, watchdog=None, watchdog_pid=None, pid_offset=0):
        def child():
            # As systemd: descriptors from 3 on, and who they are for.
            high = [fcntl.fcntl(s.fileno(), fcntl.F_DUPFD, 100)
                    for s in self.sockets]
            for i, fd in enumerate(high):
                os.dup2(fd, 3 + i)
            for fd in high:
                os.close(fd)
            os.environ['NOTIFY_SOCKET'] = self.path
            if high:
                os.environ['LISTEN_FDS'] = str(len(high))
                os.environ['LISTEN_PID'] = str(os.getpid() + pid_offset)
                os.environ['LISTEN_FDNAMES'] = ':'.join(['pgweir'] * len(high))
            if watchdog:
                os.environ['WATCHDOG_USEC'] = str(watchdog)
                os.environ['WATCHDOG_PID'] = str(watchdog_pid or os.getpid())
        with open(T + '/pgweir.log', 'ab') as log:
            self.process = subprocess.Popen(
                [*os.environ['AS_USER'].split(), T + '/bin/pgweir',
                 T + '/pgweir.ini'], stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, preexec_fn=child, close_fds=False)
        with open(T + '/pids/pgweir-service', 'w') as f:
            f.write(str(self.process.pid))
        return self.process.pid

    def recv(self):
        """A message; who has sent it is in self.sender."""
        text, ancillary, flags, addr = self.notify.recvmsg(4096, 256)
        self.sender = struct.unpack('iii', ancillary[0][2])[0]
        return text.decode()

    def hear(self):
        """The next message that is not WATCHDOG=1, as a dict."""
        while True:
            text = self.recv()
            if text != 'WATCHDOG=1':
                return dict(line.split('=', 1)
                            for line in text.splitlines())
            self.alive += 1

    def beats(self, n, sender=None):
        for i in range(n):
            same('a beat', self.recv(), 'WATCHDOG=1')
            assert sender in (None, self.sender), 'not from who should'

    def silent(self, seconds):
        self.notify.settimeout(seconds)
        try:
            return self.recv()
        except (TimeoutError, BlockingIOError):
            return ''
        finally:
            self.notify.settimeout(20)

    def ready(self, pid):
        m = self.hear()
        same('ready', m.get('READY'), '1')
        same('who', m.get('MAINPID'), str(pid))
        assert m.get('STATUS'), 'no STATUS'

    def stop(self, sig=15):
        self.process.send_signal(sig)
        m = self.hear()
        same('stopping', m.get('STOPPING'), '1')
        same('status', self.process.wait(30), 0)


def restart():
    r = subprocess.run([T + '/bin/pgweir', '--restart', T + '/pgweir.ini'],
                       capture_output=True, text=True)
    return r.returncode, r.stderr


def keep_pid(pid):
    with open('%s/pids/pgweir-%d' % (T, pid), 'w') as f:
        f.write(str(pid))


def logged(text):
    with open(T + '/pgweir.log') as f:
        return text in f.read()
PY

# scene: Python on stdin, with the manager at hand.
scene()
{
	{
		printf 'import fcntl\n'
		cat "$T/manager.py" -
	} | talk
	rm -f "$T"/pids/pgweir*
}

it 'k21 it says when it is ready, reloads, stops'
pgweir_ini 'pool_mode = transaction'
scene <<'PY'
m = Manager()
pid = m.start()
m.ready(pid)
same('works', Client().one('select 1'), '1')
before = time.monotonic()
os.kill(pid, 1)
r = m.hear()
same('reloading', r.get('RELOADING'), '1')
stamp = int(r['MONOTONIC_USEC']) / 1e6
assert before - 0.1 <= stamp <= time.monotonic(), 'the stamp is off'
m.ready(pid)
# A reload that fails is over as well.
with open(T + '/pgweir.ini', 'a') as f:
    f.write('\n[pgbouncer]\nno_such_setting = 1\n')
os.kill(pid, 1)
same('reloading', m.hear().get('RELOADING'), '1')
m.ready(pid)
m.stop()
PY

it 'the watchdog is fed twice as often as it asks, by the loop'
pgweir_ini 'pool_mode = transaction'
scene <<'PY'
m = Manager()
pid = m.start(watchdog=400000)
m.ready(pid)
while m.silent(0.01):
    pass
end = time.monotonic() + 2
beats = 0
while time.monotonic() < end:
    m.beats(1, pid)
    beats += 1
assert 3 <= beats <= 13, '%d times in 2 s' % beats
os.kill(pid, 19)
while m.silent(0.5):
    pass
same('a process that stands still', m.silent(0.6), '')
os.kill(pid, 18)
m.beats(2)
os.kill(pid, 3)
same('status', m.process.wait(30), 0)
PY
scene <<'PY'
m = Manager()
pid = m.start(watchdog=200000, watchdog_pid=1)
m.ready(pid)
same("another process' watchdog", m.silent(0.5), '')
m.stop()
PY

it 'k22 sockets of the manager are used, wherever they lead'
other=$OTHER_HOST
export OTHER=$other
scene <<'PY'
m = Manager([(os.environ['OTHER'], 6001), T + '/.s.PGSQL.%d' % PORT])
pid = m.start()
m.ready(pid)
other = Client(host=os.environ['OTHER'], port=6001)
same('by TCP', other.one('select 1'), '1')
unix = Client(host=T)
same('by the Unix socket', unix.one('select 2'), '2')
try:
    Client(login=False)
    assert False, 'it listens where listen_addr says'
except ConnectionRefusedError:
    pass
assert logged('listen_addr is ignored'), 'no warning'
other.close()
unix.close()
m.stop()
assert os.path.exists(T + '/.s.PGSQL.%d' % PORT), 'the socket was removed'
# Meant for somebody else: its own sockets instead.
os.remove(T + '/.s.PGSQL.%d' % PORT)
pid = m.start(pid_offset=1)
m.ready(pid)
same('as the file says', Client().one('select 3'), '3')
os.kill(pid, 3)
same('status', m.process.wait(30), 0)
PY

it 'restarts under socket activation: who comes meanwhile waits'
pgweir_ini 'pool_mode = transaction
max_client_conn = 200'
scene <<'PY'
m = Manager([(HOST, PORT), T + '/.s.PGSQL.%d' % PORT])
m.ready(m.start())
loads = [subprocess.Popen(
    ['pgbench', '-h', host, '-p', str(PORT), '-U', 'postgres', '-n', '-C',
     '-S', '-c', '4', '-j', '4', '-T', '4', 'postgres'], stdout=subprocess.PIPE,
    stderr=subprocess.STDOUT, text=True) for host in (HOST, T)]
for i in range(3):
    time.sleep(0.8)
    # A connect blocks all clients of its thread, so each has its own.
    m.stop()
    m.ready(m.start())
for load in loads:
    text = load.communicate(timeout=60)[0]
    assert load.returncode == 0 and 'error' not in text and \
        'refused' not in text and 'failed transactions: 0 ' in text, text
m.stop()
PY

it '--restart: the manager hears of the new process, and nothing of the old'
pgweir_ini 'pool_mode = transaction'
scene <<'PY'
m = Manager([(HOST, PORT)])
first = m.start(watchdog=400000)
m.ready(first)
stays = Client()
stays.query('begin')
same('restart', restart(), (0, ''))
r = m.hear()
same('ready', r.get('READY'), '1')
second = int(r['MAINPID'])
keep_pid(second)
assert second != first, 'it is the same process'
same('at the old one', stays.one('select 1'), '1')
same('at the new one, by the socket of the manager',
     Client().one('select 2'), '2')
# Only the new one feeds the watchdog, once what was sent before is heard.
while m.silent(0.01):
    pass
m.beats(6, second)
# A reload of the old one is not the manager's business.
os.kill(first, 1)
stays.query('commit')
stays.close()
same('status of the old one', m.process.wait(30), 0)
m.beats(3)
os.kill(second, 1)
same('reloading', m.hear().get('RELOADING'), '1')
m.ready(second)
# One that cannot start: nobody hears of it.
with open(T + '/pgweir.ini') as f:
    good = f.read()
with open(T + '/pgweir.ini', 'w') as f:
    f.write(good + '\n[pgbouncer]\npidfile = %s/nowhere/pid\n' % T)
code, text = restart()
same('status', code, 1)
assert 'goes on' in text, text
with open(T + '/pgweir.ini', 'w') as f:
    f.write(good)
m.beats(2)
same('it goes on', Client().one('select 3'), '3')
same('restart', restart(), (0, ''))
r = m.hear()
third = int(r['MAINPID'])
keep_pid(third)
same('goes on', Client().one('select 4'), '4')
os.kill(third, 15)
same('stopping', m.hear().get('STOPPING'), '1')
wait_until(lambda: not os.path.exists('/proc/%d' % third), 'its end')
PY
