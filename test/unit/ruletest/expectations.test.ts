import { describe, expect, test } from 'vitest'
import { ACTIONS, SUBJECTS, subjectText } from '../../../src/ruletest/language/subjects.ts'
import { failuresOf } from './kit.ts'

interface Example {
  readonly steps: string
  readonly holds: string
  /** The same steps, expected wrongly, and what is said of it. */
  readonly fails: string
  readonly says: string
}

/** One for each subject, by its name, and for each action: what holds, and what does not. */
const EXAMPLES: Readonly<Record<string, Example>> = {
  hit: { steps: 'GET /\nGET /', holds: 'hit', fails: 'not hit', says: 'expected not hit, got hit' },
  miss: { steps: 'GET /', holds: 'miss', fails: 'hit', says: 'expected hit, got miss' },
  'hit-for-miss': { steps: 'GET /hfm\nGET /hfm', holds: 'hit-for-miss', fails: 'miss', says: 'expected miss, got hit-for-miss' },
  pass: { steps: 'GET /api/1', holds: 'pass', fails: 'miss', says: 'expected miss, got pass' },
  'hit-for-pass': { steps: 'GET /hfp\nGET /hfp', holds: 'hit-for-pass', fails: 'pass', says: 'expected pass, got hit-for-pass' },
  pipe: { steps: 'GET /ws', holds: 'pipe', fails: 'pass', says: 'expected pass, got pipe' },
  synth: { steps: 'GET /gone', holds: 'synth', fails: 'miss', says: 'expected miss, got synth' },
  purge: { steps: 'PURGE / from 192.0.2.1', holds: 'purge', fails: 'synth', says: 'expected synth, got purge' },
  answered: {
    steps: 'origin 200\n delay 1s\nbegin a GET /',
    holds: 'not answered',
    fails: 'answered',
    says: 'expected answered, got not answered',
  },
  broken: {
    steps: 'origin 200\n body 100k\n breaks after 20k\nGET /',
    holds: 'broken',
    fails: 'not broken',
    says: 'expected not broken, got broken',
  },
  stored: { steps: 'GET /', holds: 'stored', fails: 'not stored', says: 'expected not stored, got stored' },
  stale: { steps: 'GET /\nwait 65s\nGET /', holds: 'stale', fails: 'not stale', says: 'expected not stale, got stale' },
  'resp.status': {
    steps: 'GET /gone',
    holds: 'resp.status == 410',
    fails: 'resp.status < 400',
    says: 'expected resp.status < 400, got 410',
  },
  'resp.reason': {
    steps: 'GET /gone',
    holds: 'resp.reason == Gone Away',
    fails: 'resp.reason == "Gone"',
    says: 'expected resp.reason == "Gone", got "Gone Away"',
  },
  'resp.http.NAME': {
    steps: 'GET /',
    holds: 'resp.http.X-Url == /',
    fails: 'resp.http.X-Url absent',
    says: 'expected resp.http.x-url absent, got "/"',
  },
  'resp.body': {
    steps: 'origin 200\n body "h\\xe9llo"\nGET /',
    holds: 'resp.body ~ "^h\\xe9l+o$"',
    fails: 'resp.body ~ "^x"',
    says: 'expected resp.body ~ "^x", got "h\xe9llo"',
  },
  'resp.size': {
    steps: 'origin 200\n body 100k\nGET /',
    holds: 'resp.size == 102400',
    fails: 'resp.size > 102400',
    says: 'expected resp.size > 102400, got 102400',
  },
  age: { steps: 'GET /\nwait 30s\nGET /', holds: 'age == 30s', fails: 'age > 1m', says: 'expected age > 1m, got 30s' },
  'req.method': {
    steps: 'POST /',
    holds: 'req.method == POST',
    fails: 'req.method == GET',
    says: 'expected req.method == "GET", got "POST"',
  },
  'req.url': { steps: 'GET /?x', holds: 'req.url == /?x', fails: 'req.url != /?x', says: 'expected req.url != "/?x", got "/?x"' },
  'req.http.NAME': {
    steps: 'GET /',
    holds: 'req.http.X-Seen == yes',
    fails: 'req.http.x-other present',
    says: 'expected req.http.x-other present, got absent',
  },
  hash: {
    steps: 'GET /',
    holds: 'hash == "/" "example.com"',
    fails: 'hash == "/"',
    says: 'expected hash == "/", got "/" "example.com"',
  },
  restarts: { steps: 'GET /again', holds: 'restarts == 1', fails: 'restarts == 0', says: 'expected restarts == 0, got 1' },
  retries: { steps: 'GET /retry', holds: 'retries == 1', fails: 'retries > 1', says: 'expected retries > 1, got 1' },
  calls: {
    steps: 'GET /',
    holds: 'calls == recv hash miss backend_fetch backend_response deliver',
    fails: 'calls ~ "pass"',
    says: 'expected calls ~ "pass", got "recv hash miss backend_fetch backend_response deliver"',
  },
  log: { steps: 'GET /again', holds: 'log == again', fails: 'log !~ "^again"', says: 'expected log !~ "^again", got "again"' },
  error: {
    steps: 'origin refused\nGET /',
    holds: 'error ~ "Connection refused"',
    fails: 'error absent',
    says: 'expected error absent, got "backend default: fail errno 111 (Connection refused)"',
  },
  fetches: { steps: 'GET /retry', holds: 'fetches == 2', fails: 'fetches != 2', says: 'expected fetches != 2, got 2' },
  includes: {
    steps: 'origin 200 for /page\n body "<esi:include src=\\"/a\\"/>"\nGET /page',
    holds: 'includes == 1',
    fails: 'includes == 0',
    says: 'expected includes == 0, got 1',
  },
  backend: { steps: 'GET /api/', holds: 'backend == api', fails: 'backend == default', says: 'expected backend == "default", got "api"' },
  'bereq.method': {
    steps: 'HEAD /',
    holds: 'bereq.method == GET',
    fails: 'bereq.method == HEAD',
    says: 'expected bereq.method == "HEAD", got "GET"',
  },
  'bereq.url': { steps: 'GET /x', holds: 'bereq.url == /x', fails: 'bereq.url == /y', says: 'expected bereq.url == "/y", got "/x"' },
  'bereq.http.NAME': {
    steps: 'GET /\n  Accept: a/b',
    holds: 'bereq.http.Accept == a/b',
    fails: 'bereq.http.X-Seen absent',
    says: 'expected bereq.http.x-seen absent, got "yes"',
  },
  'bereq.body': {
    steps: 'POST /api/\n body "a=1"',
    holds: 'bereq.body == a=1',
    fails: 'bereq.body absent',
    says: 'expected bereq.body absent, got "a=1"',
  },
  'beresp.status': {
    steps: 'origin 404\nGET /',
    holds: 'beresp.status >= 404',
    fails: 'beresp.status == 200',
    says: 'expected beresp.status == 200, got 404',
  },
  'beresp.http.NAME': {
    steps: 'origin 200\n Server: x\nGET /',
    holds: 'beresp.http.X-From == default',
    fails: 'beresp.http.Server present',
    says: 'expected beresp.http.server present, got absent',
  },
  'beresp.ttl': { steps: 'GET /', holds: 'beresp.ttl == 60s', fails: 'beresp.ttl == 2m', says: 'expected beresp.ttl == 2m, got 1m' },
  'beresp.grace': {
    steps: 'GET /',
    holds: 'beresp.grace <= 10s',
    fails: 'beresp.grace < 10s',
    says: 'expected beresp.grace < 10s, got 10s',
  },
  'beresp.keep': { steps: 'GET /', holds: 'beresp.keep != 10s', fails: 'beresp.keep absent', says: 'expected beresp.keep absent, got 20s' },
  'beresp.uncacheable': {
    steps: 'GET /hfm',
    holds: 'beresp.uncacheable',
    fails: 'not beresp.uncacheable',
    says: 'expected not beresp.uncacheable, got beresp.uncacheable',
  },
  'obj.ttl': { steps: 'GET /\nwait 10s\nGET /', holds: 'obj.ttl == 50s', fails: 'obj.ttl > 50s', says: 'expected obj.ttl > 50s, got 50s' },
  'obj.grace': { steps: 'GET /\nGET /', holds: 'obj.grace == 10s', fails: 'obj.grace == 0', says: 'expected obj.grace == 0, got 10s' },
  'obj.keep': { steps: 'GET /\nGET /', holds: 'obj.keep == 20s', fails: 'obj.keep == 0s', says: 'expected obj.keep == 0s, got 20s' },
  requests: { steps: 'GET /\nGET /api/', holds: 'requests == 2', fails: 'requests == 1', says: 'expected requests == 1, got 2' },
  'requests.NAME': {
    steps: 'GET /\nGET /api/',
    holds: 'requests.api == 1',
    fails: 'requests.api == 2',
    says: 'expected requests.api == 2, got 1',
  },
}

test('there is an example of everything that can be expected', () => {
  const names = SUBJECTS.filter((row) => row.kind !== 'action').map((row) => subjectText(row, 'NAME'))
  expect(Object.keys(EXAMPLES).toSorted()).toEqual([...Object.keys(ACTIONS), ...names].toSorted())
})

describe.each(Object.entries(EXAMPLES))('%s', (_, { steps, holds, fails, says }) => {
  test('as expected', async () => {
    expect(await failuresOf(`test x\n${steps}\nexpect ${holds}\n`)).toEqual([])
  })

  test('otherwise', async () => {
    expect(await failuresOf(`test x\n${steps}\nexpect ${fails}\n`)).toEqual([`${steps.split('\n').length + 2}: ${says}`])
  })
})
