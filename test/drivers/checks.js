'use strict'

// checks.js - what the tests of the Node drivers stand on; checks.py says
// how a driver's program is run.

const assert = require('assert/strict')

const HOST = process.env.DRIVERS_HOST || '127.0.0.1'
const PORT = Number(process.env.DRIVERS_PORT || 5432)
// How many server connections the sessions share; 0 if each has its own.
const SERVERS = Number(process.env.DRIVERS_SERVERS || 0)
const SESSIONS = 20
const LOGIN = {
  host: HOST, port: PORT, database: 'drivers', user: 'app',
  password: 'the password'
}

const checks = new Map()

function check(name, action) {
  checks.set(name, action)
}

function show(value) {
  return (JSON.stringify(value, (_, v) => typeof v === 'bigint'
    ? String(v) : v) || String(value)).slice(0, 200)
}

function same(what, got, want) {
  try {
    assert.deepEqual(got, want)
  } catch {
    throw new Error(`${what}: got ${show(got)}, want ${show(want)}`)
  }
}

function holds(what, condition) {
  if (!condition)
    throw new Error(`not so: ${what}`)
}

// What the promise is rejected with, which has this SQLSTATE if one is told.
async function fails(promise, code) {
  let error
  try {
    await promise
  } catch (e) {
    error = e
  }
  holds('it fails', error)
  if (code !== undefined && error.code !== code)
    throw new Error(`another error: ${error.code}: ${error.message}`)
  return error
}

function range(from, to) {
  return Array.from({ length: to - from }, (_, i) => from + i)
}

function together(action, count = SESSIONS) {
  return Promise.all(range(0, count).map(action))
}

// Runs body(session, i) for many sessions at once. All are there before the
// first begins, and until the last has done.
async function crowd(connect, body, count = SESSIONS) {
  const sessions = await together(connect, count)
  const results = await together(i => body(sessions[i], i), count)
  await Promise.all(sessions.map(s => s.end()))
  return results
}

// Nobody made more server connections than the pool may have.
function fewServers(pids) {
  const count = new Set(pids).size
  if (SERVERS)
    holds(`${count} servers of at most ${SERVERS}`, count <= SERVERS)
  else
    same('servers', count, SESSIONS)
}

function sleep(msec) {
  return new Promise(resolve => setTimeout(resolve, msec))
}

// The settings of a session of its own, as they are shown.
function settingsOf(i) {
  return {
    search_path: `s${i},public`,
    statement_timeout: i ? `${i + 500000}ms` : '500s',
    extra_float_digits: String(-(i % 7)), 'pgweir.tenant': `t${i}`,
    work_mem: `${i + 100}kB`, TimeZone: `Etc/GMT-${i % 9 + 1}`,
    application_name: `session ${i}`
  }
}

// show(name) tells one setting; own, whether the session has some.
async function checkSettings(i, own, show) {
  const defaults = {
    search_path: '"$user",public', statement_timeout: '0',
    extra_float_digits: '1', 'pgweir.tenant': '', work_mem: '4MB'
  }
  for (const [name, want] of Object.entries(own ? settingsOf(i) : defaults))
    same(name, ((await show(name)) || '').replace(/, /g, ','), want)
}

async function runOne() {
  const name = process.argv[2]
  if (name === undefined) {
    console.log([...checks.keys()].join('\n'))
    return
  }
  try {
    await checks.get(name)()
    process.exit(0)
  } catch (e) {
    console.error(e)
    const text = String(e.message).trim().replace(/\n/g, ' / ')
    console.error(`why: ${e.code || e.name}: ${text.slice(0, 400)}`)
    process.exit(1)
  }
}

// A connection's error that nobody waits for is seen by those who use it.
process.on('unhandledRejection', e => {
  console.error(e)
  console.error(`why: unhandled: ${e && e.message}`)
  process.exit(1)
})

module.exports = {
  HOST, PORT, SERVERS, SESSIONS, LOGIN, check, same, holds, fails, range,
  together, crowd, fewServers, sleep, settingsOf, checkSettings, runOne
}
