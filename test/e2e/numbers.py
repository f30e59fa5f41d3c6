# numbers.py - clients that ask for numbers of their own, and check them.
#
# talk N DATABASE <numbers.py: N clients, until the file `enough` appears.
# Each counts, and asks for its number alone, in a transaction, with a
# setting of its own, or as one of several in a pipeline. An answer that is
# not its own is fatal. A connection that is lost must have had one error at
# most, and is replaced. Prints the answers, and the connections lost.
import random
import threading

COUNT, DB = int(sys.argv[1]), sys.argv[2]
answers = [0] * COUNT
errors = [0] * COUNT
wrong = []


def enough():
    return bool(wrong) or os.path.exists(T + '/enough')


def ask(c, me, n):
    mark = '%d.%d' % (me, n)
    dice = n % 5
    if dice == 0:
        same('simple', c.query("select '%s'" % mark), [(mark,)])
    elif dice == 1:
        same('extended', c.run('select $1::text', [mark]), [(mark,)])
    elif dice == 2:
        c.query('begin')
        c.query("set local application_name = '%s'" % mark)
        same('block', c.query('show application_name'), [(mark,)])
        c.query('commit')
    elif dice == 3:
        same('name', c.query("select current_setting('application_name')"),
             [('number %d' % me,)])
    else:
        c.send(b''.join(run("select '%s.%d'" % (mark, i)) for i in range(5)))
        for i in range(5):
            same('pipeline', c.result(), [('%s.%d' % (mark, i),)])
    answers[me] += 1


# What comes behind the error that ended a connection: no other error.
def last_words(c):
    c.sock.settimeout(60)
    return [str(PgError(body)) for kind, body in c.rest() if kind == 'E']


def one(me):
    n, c = 0, None
    while not enough():
        last = None
        try:
            if c is None:
                c = Client(db=DB, timeout=120,
                           params=[('application_name', 'number %d' % me)])
            ask(c, me, n)
            n += 1
            time.sleep(0.002 * random.random())
        except PgError as e:
            last = e
        except (Closed, OSError):
            errors[me] += 1
            c = None
        if last is not None:
            errors[me] += 1
            words = [str(last)]
            if last.severity == 'FATAL' and c is not None:
                try:
                    words += last_words(c)
                except OSError as e:
                    words.append(repr(e))
            if last.severity != 'FATAL' or len(words) > 1:
                wrong.append('client %d heard: %s' % (me, '; '.join(words)))
            c = None
    if c is not None:
        c.close()


def guarded(me):
    try:
        one(me)
    except BaseException as e:
        wrong.append('client %d: %r' % (me, e))


crowd = [threading.Thread(target=guarded, args=(i,)) for i in range(COUNT)]
for thread in crowd:
    thread.start()
wait_until(lambda: all(answers) or wrong, 'an answer for each', 60)
open(T + '/under_way', 'w').close()
for thread in crowd:
    thread.join()
if wrong:
    raise SystemExit('\n'.join(wrong))
print(sum(answers), sum(errors))
