'use strict'

// test_node_postgres.js - node-postgres in its defaults: unnamed statements
// where there are arguments, the simple protocol where there are none, and
// named statements for queries that have a name.

const pg = require('pg')
const Cursor = require('pg-cursor')
const copyStreams = require('pg-copy-streams')
const { pipeline } = require('stream/promises')
const { Readable } = require('stream')
const { once } = require('events')
const {
  LOGIN, check, same, holds, fails, range, together, crowd, fewServers,
  sleep, checkSettings, runOne
} = require('./checks.js')

async function connect(i, options = {}) {
  const client = new pg.Client({ ...LOGIN, ...options })
  client.on('error', () => {})          // one that is lost says so
  await client.connect()
  return client
}

const plain = () => connect()

async function one(c, text, values, name) {
  const { rows } = await c.query({ text, values, name, rowMode: 'array' })
  return rows[0][0]
}

async function rows(c, text, values) {
  return (await c.query({ text, values, rowMode: 'array' })).rows
}

async function setup(text) {
  const c = await connect()
  await c.query(`set client_min_messages = warning; ${text};
    reset client_min_messages`)
  await c.end()
}

check('named statements', () => crowd(plain, async (c, i) => {
  for (const n of range(0, 20)) {
    same('sum', await one(c, `select $1::int + ${i * 1000}`, [n], 'sum'),
      n + i * 1000)
    same('text', await one(c, `select $1::text || ' of ${i}'`, [n], 'text'),
      `${n} of ${i}`)
  }
}))

check('named statements in transactions', () => crowd(plain, async (c, i) => {
  for (const n of range(0, 10)) {
    await c.query('begin')
    same('one', await one(c, `select ${i} - $1::int`, [n], 'one'), i - n)
    same('two', await one(c, `select ${i} + $1::int`, [n], 'two'), i + n)
    await c.query(n % 2 ? 'commit' : 'rollback')
  }
}))

check('unnamed statements', () => crowd(plain, async (c, i) => {
  for (const n of range(0, 40))
    same('sum', await one(c, `select $1::int + ${i * 1000 + n % 7}`, [n]),
      n + i * 1000 + n % 7)
}))

check('many named statements', () => crowd(plain, async (c, i) => {
  for (let turn = 0; turn < 2; turn++)
    for (const n of range(0, 130))
      same('number', await one(c, `select $1::int + ${i * 1000 + n}`, [1],
        `number ${n}`), i * 1000 + n + 1)
}))

check('names that are odd', () => crowd(plain, async (c, i) => {
  // 63 bytes is what the driver warns about, not what the protocol has.
  for (const name of ['%s%n', "it's", '"', 'ünï', 'S_1', '_', `${i}`])
    for (const n of range(0, 3))
      same(name, await one(c, `select $1::int + ${i}`, [n], name), n + i)
}))

check('a named statement that is wrong', () => crowd(plain, async (c, i) => {
  for (const n of range(0, 5)) {
    await fails(c.query({ name: 'w', text: `select nonsense${i}` }), '42703')
    same('good now', await one(c, `select $1::int + ${i}`, [n], `good ${n}`),
      i + n)
  }
  same('the name is free', await one(c, 'select $1::int', [i], 'w'), i)
}))

check('prepared statements outlive a migration', async () => {
  await setup(`drop table if exists moved; create table moved (a int);
    insert into moved values (1)`)
  const sessions = await together(plain)
  const query = { name: 'all', text: 'select * from moved' }
  for (const c of sessions)
    same('before', (await c.query(query)).rows, [{ a: 1 }])
  await setup(`alter table moved add b text default 'new'`)
  for (const c of sessions) {
    for (const _ of range(0, 3)) {
      try {
        const { fields, rows } = await c.query(query)
        same('shape', fields.map(f => f.name), ['a', 'b'])
        same('after', rows, [{ a: 1, b: 'new' }])
      } catch (e) {
        same(e.message, e.code, '0A000')
      }
    }
    same('alive', await one(c, 'select 7'), 7)
    await c.end()
  }
})

check('settings of the startup packet', () => crowd(
  i => i % 2 ? connect() : connect(i, {
    statement_timeout: i + 500000, application_name: `session ${i}`,
    options: `-c search_path=s${i},public -c extra_float_digits=-${i % 7} ` +
      `-c pgweir.tenant=t${i} -c TimeZone=Etc/GMT-${i % 9 + 1} ` +
      `-c work_mem=${i + 100}kB`
  }), async (c, i) => {
    for (const _ of range(0, 8)) {
      await checkSettings(i, i % 2 === 0, name => one(c,
        'select current_setting($1, true)', [name]))
      if (i % 2 === 0)
        same('by path', await one(c, 'select id from whoami'), i)
    }
  }))

check('timeouts of the startup packet', () => crowd(
  i => connect(i, {
    lock_timeout: 100000 + i, idle_in_transaction_session_timeout: 200000 + i
  }), async (c, i) => {
    for (const _ of range(0, 10)) {
      same('lock_timeout', await one(c,
        `select setting from pg_settings where name = 'lock_timeout'`),
      String(100000 + i))
      same('idle', await one(c, `select setting from pg_settings where
        name = 'idle_in_transaction_session_timeout'`), String(200000 + i))
    }
  }))

check('startup options that PostgreSQL refuses', () => together(async i => {
  const wrong = i % 3 === 0
  let error
  try {
    const c = await connect(i, { options: '-c statement_timeout=' +
      (wrong ? 'sideways' : '12345') })
    same('answer', await one(c, 'show statement_timeout'), '12345ms')
    await c.end()
  } catch (e) {
    error = e
  }
  holds(`an error of its own: ${error}`, wrong || !error)
  if (wrong)
    holds(`it is refused: ${error}`, /invalid value for parameter/.test(error))
}))

check('transactions', async () => {
  await setup(`drop table if exists accounts; create table accounts as
    select i id, 100 balance from generate_series(0, 19) i`)
  await crowd(plain, async (c, i) => {
    const change = 'update accounts set balance = balance + $1 where id = $2'
    for (const n of range(0, 10)) {
      await c.query('begin')
      const both = [[-1, i], [1, (i + 1) % 20]].sort((a, b) => a[1] - b[1])
      for (const values of both)
        await c.query(change, values)
      if (n % 3 === 2) {
        await fails(c.query('select 1/0'), '22012')
        await fails(c.query('select 1'), '25P02')
        await c.query('rollback')
      } else {
        await c.query('savepoint a')
        await c.query('delete from accounts where id = $1', [i])
        await c.query('rollback to savepoint a')
        await c.query('commit')
      }
    }
  })
  const c = await connect()
  same('total', await rows(c, `select sum(balance)::int, min(balance),
    max(balance) from accounts`), [[2000, 100, 100]])
})

check('isolation levels and read-only transactions', () => crowd(plain,
  async c => {
    for (const _ of range(0, 5)) {
      await c.query('begin isolation level serializable read only')
      same('level', await one(c, 'show transaction_isolation'),
        'serializable')
      await fails(c.query('create table never (a int)'), '25006')
      await c.query('rollback')
      same('default', await one(c, 'show transaction_isolation'),
        'read committed')
    }
  }))

check('cursors in a transaction', () => crowd(plain, async (c, i) => {
  for (const _ of range(0, 2)) {
    await c.query('begin')
    const cursor = c.query(new Cursor(
      'select $1::int + n as n from generate_series(1, 1000) n', [i * 10000]))
    const got = []
    for (;;) {
      const some = await cursor.read(170)
      if (!some.length)
        break
      got.push(...some.map(row => row.n))
    }
    await cursor.close()
    same('rows', got, range(i * 10000 + 1, i * 10000 + 1001))
    const left = c.query(new Cursor('select generate_series(1, 1000) n', []))
    same('some', (await left.read(2)).map(row => row.n), [1, 2])
    await left.close()
    await c.query('declare mine cursor for select generate_series(1, 9)')
    same('fetched', await rows(c, 'fetch 3 from mine'), [[1], [2], [3]])
    await c.query('commit')
    same('alive', await one(c, 'select $1::int', [i]), i)
  }
}))

check('COPY in and out', async () => {
  await setup(`drop table if exists copied;
    create table copied (session int, n int, note text)`)
  await crowd(plain, async (c, i) => {
    const line = n => `${i}\t${n}\tnöte ${'x'.repeat(500)}\n`
    await pipeline(Readable.from(range(0, 400).map(line)),
      c.query(copyStreams.from('copy copied from stdin')))
    const chunks = []
    const stream = c.query(copyStreams.to('copy (select * from copied where' +
      ` session = ${i} order by n) to stdout`))
    for await (const chunk of stream)
      chunks.push(chunk)
    same('rows', Buffer.concat(chunks).toString(),
      range(0, 400).map(line).join(''))
    same('alive', await one(c, 'select $1::int', [i]), i)
  })
})

check('a COPY that fails, and one that is given up', async () => {
  await setup('drop table if exists copied; create table copied (n int)')
  async function* breaks() {
    yield '1\n'
    throw new Error('no more')
  }
  await crowd(plain, async (c, i) => {
    for (const _ of range(0, 3)) {
      await fails(pipeline(Readable.from(['1\nno number\n']),
        c.query(copyStreams.from('copy copied from stdin'))), '22P02')
      const error = await fails(pipeline(Readable.from(breaks()),
        c.query(copyStreams.from('copy copied from stdin'))))
      same('given up', error.message, 'no more')
      same('alive', await one(c, 'select $1::int', [i]), i)
    }
    same('none', await one(c, 'select count(*) from copied'), '0')
  })
})

check('cancel', () => crowd(plain, async (c, i) => {
  if (i % 4) {                          // bystanders
    for (const n of range(0, 100))
      same('bystander', await one(c, 'select $1::int', [n]), n)
    return
  }
  for (const _ of range(0, 2)) {
    const query = new pg.Query('select pg_sleep(600)')
    let over = false
    const end = new Promise((resolve, reject) => {
      query.on('error', reject)
      query.on('end', resolve)
    }).finally(() => { over = true })
    end.catch(() => {})
    c.query(query)
    while (!over) {
      await sleep(200)
      if (over)
        break
      const other = new pg.Client(LOGIN)
      const done = once(other.connection, 'end')
      other.cancel(c, query)
      await done
    }
    await fails(end, '57014')
    same('alive', await one(c, 'select $1::int', [i]), i)
  }
}))

check('a statement timeout of its own', () => crowd(
  i => i % 10 ? connect() : connect(i, { statement_timeout: 3000 }),
  async (c, i) => {
    if (i % 10)
      same('slow', await one(c, `select ${i} from pg_sleep(0.15)`), i)
    else
      await fails(c.query('select pg_sleep($1)', [30]), '57014')
    same('alive', await one(c, 'select $1::int', [i]), i)
  }))

check('queries queued all at once', () => crowd(plain, async (c, i) => {
  for (const _ of range(0, 3)) {
    const got = await Promise.allSettled(range(0, 60).map(n =>
      n % 10 === 5 ? c.query('select 1 / $1::int', [0])
        : one(c, `select $1::int + ${i}`, [n], n % 2 ? 'sum' : undefined)))
    got.forEach(({ status, value, reason }, n) => n % 10 === 5
      ? same('error', reason.code, '22012')
      : same(status, value, n + i))
  }
}))

check('its pipeline mode, with errors', () => crowd(
  i => connect(i, { pipeline: true }), async (c, i) => {
    for (const turn of range(0, 3)) {
      const got = await Promise.allSettled(range(0, 60).map(n =>
        n % 10 === 5 ? c.query('select 1 / $1::int', [0])
          : n % 10 === 7 ? c.query(`select nonsense${turn} + $1`, [1])
            : one(c, `select $1::int + ${i}`, [n],
              n % 2 ? 'sum' : undefined)))
      got.forEach(({ status, value, reason }, n) => n % 10 === 5
        ? same('error', reason.code, '22012')
        : n % 10 === 7 ? same('error', reason.code, '42703')
          : same(`${status} ${reason}`, value, n + i))
    }
  }))

check('reconnecting', () => together(async i => {
  for (const n of range(0, 6)) {
    const c = await connect()
    for (const _ of range(0, 3))
      same('mine', await one(c, `select $1::int + ${n * 100}`, [i], 'sum'),
        i + n * 100)
    await c.end()
  }
}))

check('leaving in the middle of everything', async () => {
  await setup('drop table if exists lines; create table lines (n int)')
  await together(async i => {
    const gone = await connect()
    await gone.query('begin')
    await gone.query('insert into lines values ($1)', [1])
    if (i % 2)
      gone.query('select pg_sleep(0.2)').catch(() => {})
    gone.connection.stream.destroy()
    const c = await connect()
    same('none', await one(c, 'select count(*) from lines'), '0')
    await c.end()
  })
})

check('a server that is lost', () => crowd(plain, async (c, i) => {
  if (i % 5 === 0) {
    await fails(c.query('select pg_terminate_backend(pg_backend_pid())'))
    c = await connect()
  }
  for (const n of range(0, 20))
    same('mine', await one(c, 'select $1::int', [n], 'sum'), n)
  await c.end()
}))

check('its pool', async () => {
  const pool = new pg.Pool({ ...LOGIN, max: 20,
    options: '-c search_path=s7 -c TimeZone=Etc/UTC' })
  pool.on('error', () => {})
  await together(async i => {
    for (const n of range(0, 10)) {
      const c = await pool.connect()
      same('path', await one(c, 'show search_path'), 's7')
      same('zone', await one(c, 'show timezone'), 'Etc/UTC')
      await c.query("set timezone = 'Asia/Tokyo'")
      same('set', await one(c, 'show timezone'), 'Asia/Tokyo')
      await c.query('reset all')
      same('reset', await one(c, 'show timezone'), 'Etc/UTC')
      c.release(n % 4 === 3)            // true throws it away
      same('of any', await one(pool, 'select $1::int', [i], 'int'), i)
    }
  })
  await pool.end()
})

check('DISCARD ALL', () => crowd(
  i => connect(i, { options: `-c search_path=s${i} -c TimeZone=Etc/GMT-5` }),
  async (c, i) => {
    for (const n of range(0, 4)) {
      const query = {
        name: `q${n}`, text: `select $1::int + ${i} as x`, values: [n]
      }
      same('prepared', (await c.query(query)).rows, [{ x: n + i }])
      await c.query("set timezone = 'Asia/Tokyo'")
      await c.query('discard all')
      await fails(c.query(query), '26000')
      same('zone', await one(c, 'show timezone'), 'Etc/GMT-5')
      same('path', await one(c, 'show search_path'), `s${i}`)
    }
  }))

check("running numbers, nobody gets another's", async () => {
  const pids = await crowd(plain, async (c, i) => {
    const mine = new Set()
    for (const n of range(0, 150)) {
      const [[pid, who, number]] = await rows(c,
        'select pg_backend_pid(), $1::int, $2::int', [i, n])
      same('answer', [who, number], [i, n])
      mine.add(pid)
    }
    return [...mine]
  })
  fewServers(pids.flat())
})

check('large statements and results', () => crowd(plain, async (c, i) => {
  const letter = String.fromCharCode(97 + i)
  const text = letter.repeat(1000000)
  for (const name of [undefined, 'text', 'text'])
    same('parameter', await one(c, 'select $1::text', [text], name), text)
  for (const name of [undefined, 'large', 'large'])
    same('statement', await one(c, `select '${text}' || $1`, ['.'], name),
      text + '.')
  same('simple', await one(c, `select '${text}'`), text)
  same('rows', await rows(c, `select n, repeat($1, 1000)
    from generate_series(1, 2000) n`, [letter]),
  range(1, 2001).map(n => [n, letter.repeat(1000)]))
}))

check('types', async () => {
  const values = [
    [true, 'bool'], [-32768, 'int2'], [2 ** 31 - 1, 'int4'],
    ['-9223372036854775808', 'int8'], [1.1e300, 'float8'],
    ['12345678901234567890.0123456789', 'numeric'],
    ['naïve ☃ \\ \' "', 'text'], [Buffer.from(range(0, 256)), 'bytea'],
    [new Date('1999-12-31T23:59:59.999Z'), 'timestamptz'],
    ['7fffffff-0000-0000-0000-000000000005', 'uuid'], [null, 'text'],
    [[1, null, 3], 'int4[]'], [[['a', 'b'], ['c,', '"']], 'text[]'],
    [{ a: [1, null], b: 'x' }, 'jsonb'], ['happy', 'mood'],
    ['(5,five)', 'pair']
  ]
  await crowd(plain, async c => {
    for (const n of range(0, 3))
      for (const [value, type] of values)
        same(type, await one(c, `select $1::${type}`, [value],
          n ? `type ${type}` : undefined), value)
  })
})

check('notices', () => crowd(plain, async (c, i) => {
  const heard = []
  c.on('notice', notice => heard.push(notice.message))
  for (const n of range(0, 20))
    await c.query(`do $$ begin raise notice '${i} says ${n}'; end $$`)
  same('heard', heard, range(0, 20).map(n => `${i} says ${n}`))
}))

check('empty queries, and several at once', () => crowd(plain,
  async (c, i) => {
    for (const n of range(0, 5)) {
      same('empty', (await c.query('')).rows, [])
      same('empty', (await c.query('', [])).rows, [])
      const got = await c.query(`select ${i} as x; select ${n} as x`)
      same('both', got.map(r => r.rows[0].x), [i, n])
      await fails(c.query('select 1; select 1/0; select 2'), '22012')
      same('alive', await one(c, 'select $1::int', [i]), i)
    }
  }))

runOne()
