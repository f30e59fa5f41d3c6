'use strict'

// test_postgres_js.js - postgres.js in its defaults: every tagged query is a
// named statement under a random name, pipelined, with one query for the
// types of arrays when it connects. A session is a pool of one.

const postgres = require('postgres')
const { pipeline } = require('stream/promises')
const { Readable } = require('stream')
const { once } = require('events')
const {
  LOGIN, check, same, holds, fails, range, together, crowd, fewServers,
  sleep, settingsOf, checkSettings, runOne
} = require('./checks.js')

async function connect(i, options = {}) {
  const sql = postgres({ ...LOGIN, max: 1, onnotice: () => {}, ...options })
  await sql`select 1`
  return sql
}

const plain = () => connect()

async function setup(text) {
  const sql = await connect()
  await sql.unsafe(text)
  await sql.end()
}

// A statement of this session alone: its text holds the number.
function own(sql, i, n) {
  return sql.unsafe(`select $1::int + ${i * 1000} as x`, [n],
    { prepare: true })
}

check('statements that it prepares by itself', () => crowd(plain,
  async (sql, i) => {
    for (const n of range(0, 20)) {
      same('same for all', [...await sql`select ${n}::int + ${i}::int as x`],
        [{ x: n + i }])
      same('its own', [...await own(sql, i, n)], [{ x: n + i * 1000 }])
    }
  }))

check('statements that it prepares in transactions', () => crowd(plain,
  async (sql, i) => {
    for (const n of range(0, 10))
      await sql.begin(async sql => {
        same('one', [...await own(sql, i, n)], [{ x: n + i * 1000 }])
        same('two', [...await sql`select ${n}::int - 1 as x`],
          [{ x: n - 1 }])
      })
  }))

check('many statements', () => crowd(plain, async (sql, i) => {
  for (const _ of range(0, 2))
    for (const n of range(0, 130))
      same('number', [...await own(sql, i * 1000 + n, 1)],
        [{ x: (i * 1000 + n) * 1000 + 1 }])
}))

check('unnamed statements', () => crowd(i => connect(i, { prepare: false }),
  async (sql, i) => {
    for (const n of range(0, 30)) {
      const got = await Promise.all([sql`select ${n}::int as x`,
        sql.unsafe(`select $1::text || ${i} as y`, ['n'])])
      same('both', got.map(r => [...r]), [[{ x: n }], [{ y: `n${i}` }]])
    }
  }))

check('prepared statements outlive a migration', async () => {
  await setup(`drop table if exists moved; create table moved (a int);
    insert into moved values (1)`)
  const sessions = await together(plain)
  for (const sql of sessions)
    same('before', [...await sql`select * from moved`], [{ a: 1 }])
  await setup(`alter table moved add b text default 'new'`)
  for (const sql of sessions) {
    for (const _ of range(0, 3))        // the driver prepares anew
      same('after', [...await sql`select * from moved`],
        [{ a: 1, b: 'new' }])
    await sql.end()
  }
})

check('settings of the startup packet', () => crowd(i => {
  if (i % 2)
    return connect()
  const connection = settingsOf(i)
  return connect(i, { connection })
}, async (sql, i) => {
  for (const _ of range(0, 8)) {
    await checkSettings(i, i % 2 === 0, async name =>
      (await sql`select current_setting(${name}, true) as x`)[0].x)
    if (i % 2 === 0)
      same('by path', [...await sql`select id from whoami`], [{ id: i }])
  }
}))

check('settings in options', () => crowd(i => connect(i, {
  connection: { options: `-c search_path=s${i} -c pgweir.tenant=t${i}` }
}), async (sql, i) => {
  for (const _ of range(0, 10))
    same('settings', [...await sql`select id, current_setting(
      'pgweir.tenant') as tenant from whoami`], [{ id: i, tenant: `t${i}` }])
}))

// pgweir refuses the queries where PostgreSQL refuses the login. The first
// one would be the driver's own, for types, whose errors nobody can catch.
check('startup settings that PostgreSQL refuses', () => together(async i => {
  const wrong = i % 3 === 0
  let error
  try {
    const sql = await connect(i, {
      fetch_types: false,
      connection: { statement_timeout: wrong ? 'sideways' : '12345' }
    })
    same('answer', [...await sql`show statement_timeout`],
      [{ statement_timeout: '12345ms' }])
    await sql.end()
  } catch (e) {
    error = e
  }
  holds(`an error of its own: ${error}`, wrong || !error)
  if (wrong)
    holds(`it is refused: ${error}`, /invalid value for parameter/.test(error))
}))

check('target_session_attrs', () => crowd(
  i => connect(i, { target_session_attrs: i % 2 ? 'primary' : 'read-write' }),
  async (sql, i) => same('answer', [...await own(sql, i, 1)],
    [{ x: i * 1000 + 1 }])))

check('transactions', async () => {
  await setup(`drop table if exists accounts; create table accounts as
    select i id, 100 balance from generate_series(0, 19) i`)
  await crowd(plain, async (sql, i) => {
    const both = [[-1, i], [1, (i + 1) % 20]].sort((a, b) => a[1] - b[1])
    for (const n of range(0, 10)) {
      const block = sql.begin(async sql => {
        for (const [what, who] of both)
          await sql`update accounts set balance = balance + ${what}
            where id = ${who}`
        await fails(sql.savepoint(async sql => {
          await sql`delete from accounts where id = ${i}`
          await sql`select 1/0`
        }), '22012')
        if (n % 3 === 2)
          await sql`select 1/0`
      })
      await (n % 3 === 2 ? fails(block, '22012') : block)
    }
  })
  const sql = await connect()
  same('total', [...await sql`select sum(balance)::int, min(balance),
    max(balance) from accounts`], [{ sum: 2000, min: 100, max: 100 }])
})

check('pipelined transactions', () => crowd(plain, async (sql, i) => {
  for (const n of range(0, 5))
    same('answers', (await sql.begin('isolation level serializable read only',
      sql => [sql`select ${n}::int as x`, sql`show transaction_isolation`,
        sql`select ${i}::int as x`])).map(r => Object.values(r[0])[0]),
    [n, 'serializable', i])
}))

check('a failed transaction, and a read-only one', () => crowd(plain,
  async (sql, i) => {
    for (const n of range(0, 5)) {
      await fails(sql.begin('read only',
        sql => sql`create table never (a int)`), '25006')
      const c = await sql.reserve()
      await c`begin`
      await fails(c`select ${n}::int / 0`, '22012')
      await fails(c`select ${n}::int`, '25P02')
      await c`rollback`
      c.release()
      same('alive', [...await own(sql, i, n)], [{ x: n + i * 1000 }])
    }
  }))

check('cursors, in a transaction and without', () => crowd(plain,
  async (sql, i) => {
    async function rows(sql) {
      const got = []
      await sql`select ${i * 10000}::int + n as n
        from generate_series(1, 1000) n`.cursor(170, some => {
        got.push(...some.map(row => row.n))
      })
      same('rows', got, range(i * 10000 + 1, i * 10000 + 1001))
      for await (const [row] of sql`select generate_series(1, 1000) n`
        .cursor()) {
        if (row.n === 5)
          break
      }
    }
    for (const _ of range(0, 2)) {
      await sql.begin(rows)
      await rows(sql)
      same('alive', [...await own(sql, i, 1)], [{ x: 1 + i * 1000 }])
    }
  }))

check('COPY in and out', async () => {
  await setup(`drop table if exists copied;
    create table copied (session int, n int, note text)`)
  await crowd(plain, async (sql, i) => {
    const line = n => `${i}\t${n}\tnöte ${'x'.repeat(500)}\n`
    const some = range(200, 220)        // it stops on more than it buffers
    await pipeline(Readable.from(range(0, 400).map(line)),
      await sql`copy copied from stdin`.writable())
    const chunks = []
    for await (const chunk of await sql.unsafe('copy (select * from copied' +
      ` where session = ${i} and n between 200 and 219 order by n)` +
      ' to stdout').readable())
      chunks.push(Buffer.from(chunk))
    same('rows', Buffer.concat(chunks).toString(), some.map(line).join(''))
    same('all', (await sql`select count(*) from copied where
      session = ${i}`)[0].count, '400')
    same('alive', [...await own(sql, i, 1)], [{ x: 1 + i * 1000 }])
  })
})

check('a COPY that fails', async () => {
  await setup('drop table if exists copied; create table copied (n int)')
  await crowd(plain, async (sql, i) => {
    for (const _ of range(0, 3)) {
      const stream = await sql`copy copied from stdin`.writable()
      const failed = once(stream, 'close')
      stream.write('1\nno number\n')
      await fails(failed, '22P02')
      same('alive', [...await own(sql, i, 1)], [{ x: 1 + i * 1000 }])
    }
    same('none', (await sql`select count(*) from copied`)[0].count, '0')
  })
})

check('cancel', () => crowd(plain, async (sql, i) => {
  if (i % 4) {                          // bystanders
    for (const n of range(0, 100))
      same('bystander', [...await own(sql, i, n)], [{ x: n + i * 1000 }])
    return
  }
  for (const n of range(0, 2)) {
    // Without an argument, or it is two batches: a request that comes in
    // between them is for nothing.
    const query = sql`select pg_sleep(600)`.execute()
    await sleep(300)
    query.cancel()
    await fails(query, '57014')
    same('alive', [...await own(sql, i, n)], [{ x: n + i * 1000 }])
  }
}))

check('a statement timeout of its own', () => crowd(
  i => i % 10 ? connect() : connect(i, {
    connection: { statement_timeout: 3000 }
  }), async (sql, i) => {
    if (i % 10)
      same('slow', [...await sql`select ${i}::int as x from pg_sleep(0.15)`],
        [{ x: i }])
    else
      await fails(sql`select pg_sleep(30)`, '57014')
    same('alive', [...await own(sql, i, 1)], [{ x: 1 + i * 1000 }])
  }))

check('errors in a pipeline', () => crowd(plain, async (sql, i) => {
  for (const turn of range(0, 3)) {
    const got = await Promise.allSettled(range(0, 60).map(n =>
      n % 10 === 5 ? sql`select 1 / ${0}::int`
        : n % 10 === 7 ? sql.unsafe(`select nonsense${turn} + $1`, [1],
          { prepare: true })
          : own(sql, i, n)))
    got.forEach(({ status, value, reason }, n) => n % 10 === 5
      ? same('error', reason.code, '22012')
      : n % 10 === 7 ? same('error', reason.code, '42703')
        : same(`${status} ${reason}`, [...value], [{ x: n + i * 1000 }]))
  }
}))

check('reconnecting', () => together(async i => {
  for (const n of range(0, 6)) {
    const sql = await connect()
    same('mine', [...await own(sql, i, n)], [{ x: n + i * 1000 }])
    await sql.end()
  }
}))

check('leaving in the middle of everything', async () => {
  await setup('drop table if exists lines; create table lines (n int)')
  await together(async i => {
    const gone = await connect()
    const c = await gone.reserve()
    await c`begin`
    await c`insert into lines values (1)`
    if (i % 2)
      c`select pg_sleep(0.2)`.catch(() => {})
    await gone.end({ timeout: 0 })
    const sql = await connect()
    same('none', (await sql`select count(*) from lines`)[0].count, '0')
    await sql.end()
  })
})

check('a server that is lost', () => crowd(plain, async (sql, i) => {
  if (i % 5 === 0) {
    await fails(sql`select pg_terminate_backend(pg_backend_pid())`)
    // It takes this driver some queries to be back: they fail with the old
    // error, or their rows begin with a hole.
    let got
    do {
      await sleep(20)
      got = await own(sql, i, 1).catch(() => [])
    } while (got.length !== 1)
  }
  for (const n of range(0, 20))         // the driver connects anew
    same('mine', [...await own(sql, i, n)], [{ x: n + i * 1000 }])
}))

check('its pool', async () => {
  const sql = postgres({ ...LOGIN, max: 20, onnotice: () => {},
    connection: { search_path: 's7', TimeZone: 'Etc/UTC' } })
  await together(async i => {
    for (const n of range(0, 10)) {
      const c = await sql.reserve()
      same('path', [...await c`show search_path`], [{ search_path: 's7' }])
      same('zone', [...await c`show timezone`], [{ TimeZone: 'Etc/UTC' }])
      await c`set timezone = 'Asia/Tokyo'`
      same('set', [...await c`show timezone`], [{ TimeZone: 'Asia/Tokyo' }])
      await c`reset all`
      c.release()
      same('of any', [...await own(sql, i, n)], [{ x: n + i * 1000 }])
    }
  })
  await sql.end()
})

check('DISCARD ALL', () => crowd(i => connect(i, {
  connection: { search_path: `s${i}`, TimeZone: 'Etc/GMT-5' }
}), async (sql, i) => {
  for (const n of range(0, 4)) {
    same('prepared', [...await own(sql, i, n)], [{ x: n + i * 1000 }])
    await sql`set timezone = 'Asia/Tokyo'`
    await sql.unsafe('discard all')
    // The driver knows this error, and prepares anew.
    same('again', [...await own(sql, i, n)], [{ x: n + i * 1000 }])
    same('zone', [...await sql.unsafe('show timezone')],
      [{ TimeZone: 'Etc/GMT-5' }])
    same('path', [...await sql.unsafe('show search_path')],
      [{ search_path: `s${i}` }])
  }
}))

check("running numbers, nobody gets another's", async () => {
  const pids = await crowd(plain, async (sql, i) => {
    const mine = new Set()
    for (const n of range(0, 150)) {
      const [{ pid, who, number }] = await sql`select pg_backend_pid() as pid,
        ${i}::int as who, ${n}::int as number`
      same('answer', [who, number], [i, n])
      mine.add(pid)
    }
    return [...mine]
  })
  fewServers(pids.flat())
})

check('large statements and results', () => crowd(plain, async (sql, i) => {
  const letter = String.fromCharCode(97 + i)
  const text = letter.repeat(1000000)
  for (const _ of range(0, 2)) {
    same('parameter', (await sql`select ${text}::text as x`)[0].x, text)
    same('statement', (await sql.unsafe(`select '${text}' || $1 as x`, ['.'],
      { prepare: true }))[0].x, text + '.')
  }
  same('simple', (await sql.unsafe(`select '${text}' as x`))[0].x, text)
  same('rows', [...await sql`select n, repeat(${letter}, 1000) as x
    from generate_series(1, 2000) n`],
  range(1, 2001).map(n => ({ n, x: letter.repeat(1000) })))
}))

check('types, arrays among them', async () => {
  await crowd(plain, async sql => {
    const json = { a: [1, null], b: 'x' }
    const date = new Date('1999-12-31T23:59:59.999Z')
    const bytes = Buffer.from(range(0, 256))
    for (const n of range(0, 3)) {
      const [row] = await sql`select ${true}::bool b, ${-32768}::int2 i2,
        ${2 ** 31 - 1}::int4 i4, ${'-9223372036854775808'}::int8 i8,
        ${1.1e300}::float8 f8, ${'1234567890.0123456789'}::numeric n,
        ${'naïve ☃ \\ \' "'}::text t, ${bytes}::bytea y,
        ${date}::timestamptz d, ${null}::text nothing,
        ${'7fffffff-0000-0000-0000-000000000005'}::uuid u,
        ${[1, n, 3]}::int4[] ia, ${['a', '"', '{,}']}::text[] ta,
        ${sql.json(json)}::jsonb j, ${'happy'}::mood m`
      same('row', { ...row, y: Buffer.from(row.y) }, {
        b: true, i2: -32768, i4: 2 ** 31 - 1, i8: '-9223372036854775808',
        f8: 1.1e300, n: '1234567890.0123456789', t: 'naïve ☃ \\ \' "',
        y: bytes, d: date, nothing: null,
        u: '7fffffff-0000-0000-0000-000000000005', ia: [1, n, 3],
        ta: ['a', '"', '{,}'], j: json, m: 'happy'
      })
      same('moods', [...await sql`select array['sad', 'ok']::mood[] as m`],
        [{ m: ['sad', 'ok'] }])
    }
  })
})

check('notices', async () => {
  const heard = range(0, 20).map(() => [])
  await crowd(i => connect(i, { onnotice: x => heard[i].push(x.message) }),
    async (sql, i) => {
      for (const n of range(0, 20))
        await sql.unsafe(`do $$ begin raise notice '${i} says ${n}'; end $$`)
    })
  for (const i of range(0, 20))
    same('heard', heard[i], range(0, 20).map(n => `${i} says ${n}`))
})

check('empty queries, and several at once', () => crowd(plain,
  async (sql, i) => {
    for (const n of range(0, 5)) {
      same('empty', [...await sql.unsafe('')], [])
      same('empty', [...await sql``], [])
      same('both', (await sql.unsafe(`select ${i} as x; select ${n} as x`))
        .map(r => r[0].x), [i, n])
      await fails(sql.unsafe('select 1; select 1/0; select 2'), '22012')
      same('alive', [...await own(sql, i, n)], [{ x: n + i * 1000 }])
    }
  }))

runOne()
