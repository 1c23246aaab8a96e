import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { CHILD, MGT, PID } from '../../../src/shm/vsm/places.ts'
import { StrictReader } from '../shm/vsm/strict-reader.ts'
import { builtMain } from '../../kit/built.ts'
import { Instance } from './instance.ts'

const MAIN = builtMain()
const home = mkdtempSync(join(tmpdir(), 'lacquer-lives-'))
afterAll(() => rmSync(home, { recursive: true }))

function lacquer(env: Record<string, string>, ...args: string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [MAIN, ...args], { timeout: 30_000, env: { ...process.env, ...env } }, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), out, err })
    })
  })
}

test('one that is killed leaves everything, and the next takes it over', async () => {
  const place = join(home, 'killed')
  const first = await new Instance(['-n', place, '-s', 'memory,16M', '-l', '1M']).ready()
  first.kill()
  await first.exited
  expect(existsSync(join(place, MGT))).toBe(true)
  const { err } = await lacquer({}, 'adm', '-n', place, 'ping')
  expect(err).toMatch(/^lacquer: .*ECONNREFUSED/)
  const { head } = new StrictReader(join(place, CHILD))
  const second = await new Instance(['-n', place, '-s', 'memory,16M', '-l', '1M']).ready()
  expect(readFileSync(join(place, PID), 'latin1')).toBe(String(second.child.pid))
  const reader = new StrictReader(join(place, CHILD))
  expect(reader.head).not.toBe(head)
  expect(reader.find('Log', 'Log')?.toString('latin1', 0, 8)).toBe('VSLHEAD2')
  expect(readdirSync(join(place, CHILD))).toHaveLength(new Set(reader.live.map(({ file }) => file)).size + 1)
  const third = await lacquer({}, 'serve', '-a', '127.0.0.1:0', '-b', '127.0.0.1:9', '-s', 'memory,16M', '-n', place)
  expect(third).toMatchObject({
    code: 1,
    err: `lacquer: -n ${place}: in use by process ${second.child.pid}; stop that one, or name another\n`,
  })
  second.child.kill('SIGTERM')
  expect(await second.exited).toBe(0)
  expect(readdirSync(place)).toEqual([])
}, 60_000)

test('a directory that cannot be used ends it only where it was asked for', async () => {
  const file = join(home, 'none', 'here')
  const named = await lacquer({}, 'serve', '-a', '127.0.0.1:0', '-b', '127.0.0.1:9', '-s', 'memory,16M', '-n', file)
  expect(named).toMatchObject({ code: 1, err: `lacquer: ${file}: there is no directory ${join(home, 'none')}; make it first\n` })
}, 60_000)

test('one whose directory somebody removes stops, starts and ends all the same', async () => {
  const place = join(home, 'removed')
  const made = await new Instance(['-n', place, '-s', 'memory,16M', '-l', '1M', '-w', '1', '-T', '127.0.0.1:0', '-S', 'none']).ready()
  const at = /admin port on (\S+)/.exec(made.said)?.[1] ?? ''
  const admin = async (...words: string[]): Promise<string> => (await lacquer({}, 'adm', '-T', at, ...words)).out
  rmSync(join(place, CHILD), { recursive: true })
  expect(await admin('stop')).toBe('\n')
  expect(await admin('start')).toBe('\n')
  expect(await admin('status')).toBe('Child in state running\n')
  expect(made.said).toContain('tools cannot read the log until Lacquer is started anew')
  rmSync(place, { recursive: true })
  made.child.kill('SIGTERM')
  expect(await made.exited).toBe(0)
}, 60_000)

test('stop and start are a new beginning to readers, and a worker that dies is not', async () => {
  const place = join(home, 'stopped')
  const made = await new Instance(['-n', place, '-s', 'memory,16M', '-l', '1M', '-w', '1']).ready()
  const before = new StrictReader(join(place, CHILD))
  await lacquer({}, 'adm', '-n', place, 'debug.panic.worker')
  expect(new StrictReader(join(place, CHILD)).live).toEqual(before.live)
  await lacquer({}, 'adm', '-n', place, 'stop')
  expect(readdirSync(place).includes(CHILD)).toBe(false)
  expect(new StrictReader(join(place, MGT)).find('Stat', 'MGT')).toBeDefined()
  await lacquer({}, 'adm', '-n', place, 'start')
  const after = new StrictReader(join(place, CHILD))
  expect(after.live.map(({ kind, ident }) => [kind, ident])).toEqual(before.live.map(({ kind, ident }) => [kind, ident]))
  expect(after.find('Log', 'Log')?.includes('Rd start\0')).toBe(true)
  made.child.kill('SIGTERM')
  expect(await made.exited).toBe(0)
}, 60_000)
