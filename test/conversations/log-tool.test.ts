import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { FakeServer } from '../unit/log/read/kit.ts'
import { builtMain } from '../kit/built.ts'

/** `lacquer log` as a process: files, signals, the background, and what it ends with. */
const MAIN = builtMain()
const PATIENCE = { timeout: 15_000, interval: 20 }

vi.setConfig({ testTimeout: 60_000 })

let server: FakeServer
let xid = 2

beforeEach(() => {
  server = new FakeServer()
  server.startWorker()
})

afterEach(() => server.remove())

function path(name: string): string {
  return join(server.directory, name)
}

/** One request after the other, until the file tells of one of them. */
async function seenIn(file: string, url: string): Promise<void> {
  await vi.waitFor(() => {
    server.request((xid += 2), url)
    server.publish()
    expect(readFileSync(path(file), 'latin1')).toContain(url)
  }, PATIENCE)
}

function log(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [MAIN, 'log', ...args], { encoding: 'latin1' })
}

test('SIGHUP: the file is another, of the same name', async () => {
  const child = spawn(process.execPath, [MAIN, 'log', '-n', server.directory, '-w', path('log'), '-u', '-P', path('pid')])
  const ended = new Promise((resolve) => {
    child.once('exit', resolve)
  })
  await vi.waitFor(() => expect(existsSync(path('log'))).toBe(true), PATIENCE)
  await seenIn('log', '/first')
  expect(readFileSync(path('pid'), 'latin1')).toBe(String(child.pid))
  renameSync(path('log'), path('log.1'))
  child.kill('SIGHUP')
  await vi.waitFor(() => expect(existsSync(path('log'))).toBe(true), PATIENCE)
  await seenIn('log', '/second')
  child.kill('SIGTERM')
  expect(await ended).toBe(0)
  expect(existsSync(path('pid'))).toBe(false)
  expect(log('-r', path('log'), '-q', 'ReqURL eq "/second"', '-k', '1').stdout).toContain('ReqURL         /second')
  expect(log('-r', path('log.1')).stdout).not.toContain('/second')
})

test('-D: it goes on when the command has ended, and what is wrong is said before', async () => {
  const begun = log('-n', server.directory, '-D', '-w', path('log'), '-A', '-u', '-P', path('pid'))
  expect(begun).toMatchObject({ status: 0, stdout: '', stderr: '' })
  await seenIn('log', '/behind')
  process.kill(Number(readFileSync(path('pid'), 'latin1')), 'SIGTERM')
  await vi.waitFor(() => expect(existsSync(path('pid'))).toBe(false), PATIENCE)
  expect(log('-n', path('nowhere'), '-t', '0', '-D', '-w', path('log'))).toMatchObject({
    status: 1,
    stderr: `lacquer: ${path('nowhere')}: there is no server; start it, or say with -n where it is\n`,
  })
})

test.each(['log -d', 'top -1', 'hist -1'])('whoever has read enough ends %s without a word', (tool) => {
  for (let i = 0; i < 100; i++) server.request((xid += 2), `/${i}`)
  server.publish()
  // Nobody reads any more when it begins to write.
  const command = `{ sleep 0.1; "${process.execPath}" "${MAIN}" ${tool} -n "${server.directory}"; echo $? >&2; } | true`
  expect(spawnSync('sh', ['-c', command], { encoding: 'latin1' })).toMatchObject({ stderr: '0\n' })
})

test.each<[string[], string]>([
  [['-r', '/dev/null'], '/dev/null: is empty; a log begins with VSL'],
  [['-r', '/nowhere'], '-r /nowhere: there is no such file'],
  [['-r', 'a', '-n', 'b'], '-n and -r exclude each other'],
  [['-g', 'x'], '-g x: give one of raw, vxid, request, session'],
  [['-g', ''], '-g : give one of raw, vxid, request, session'],
  [['-k', '0'], '-k 0: not a number above 0'],
  [['-T', 'x'], '-T x: not a number of seconds'],
  [['-R', '5/x'], '-R 5/x: give a number, or one and a duration, as in 10/2m'],
  [['-i', 'Foo'], '-i: "Foo" matches zero tags; see docs/reference/log-tags.md'],
  [['-I', 'ReqURL:('], '-I ReqURL:(: missing ) (at position 2 of the pattern)'],
  [['-q', '# nothing'], 'the query is empty; leave -q and -Q out to see everything'],
  [['-Q', '/nowhere'], '-Q /nowhere: there is no such file'],
  [['-D'], '-D: needs -w file: in the background there is nobody to print for'],
  [['-A', '--json'], '-A and --json exclude each other'],
])('%j is refused', (args, message) => {
  expect(log(...args)).toMatchObject({ status: 1, stdout: '', stderr: expect.stringContaining(`lacquer: ${message}`) as string })
})
