import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { Patience } from '../../kit/patience.ts'
import { builtMain } from '../../kit/built.ts'

const MAIN = builtMain()
const home = mkdtempSync(join(tmpdir(), 'lacquer-d-'))
afterAll(() => rmSync(home, { recursive: true }))

const RULES = 'vcl 4.1; backend a { .host = "127.0.0.1"; } sub vcl_recv { return (synth(204)); }'

/** -d: commands in, frames out, and the end of the input is ours. */
function converse(commands: string, ...flags: string[]): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, [MAIN, 'serve', '-d', '-a', '127.0.0.1:0', '-s', 'memory,16M', '-w', '1', ...flags])
  let [out, err] = ['', '']
  child.stdout.on('data', (data) => (out += String(data)))
  child.stderr.on('data', (data) => (err += String(data)))
  child.stdin.end(commands)
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, out, err })))
}

test('nothing runs before it is told to, and rules may come first', async () => {
  const place = join(home, 'v1')
  const commands = [
    'status',
    'start',
    `vcl.inline vcl1 << %XJEIFLH|)Xspa8P\n${RULES}\n%XJEIFLH|)Xspa8P`,
    'start',
    'vcl.use vcl1',
    'start',
    'status',
    'debug.listen_address',
    'stop',
    'debug.xid 999',
    'start',
    'vcl.list',
  ]
  const { code, out, err } = await converse(`${commands.join('\n')}\n`, '-n', place, '-P', join(home, 'pid'), '-p', 'vsl_version=2')
  const [banner, ...answers] = out.split(/^(?=\d\d\d \d+ *\n)/m).map((frame) => frame.replace(/ *\n/, ' ').trimEnd())
  expect(banner).toContain("Type 'start' to launch worker process.")
  expect(answers.map((answer) => answer.replace(/^(\d+) \d+/, '$1'))).toEqual([
    '200 Child in state stopped',
    '300 No VCL loaded',
    '200 VCL compiled.',
    '300 No active VCL',
    "200 VCL 'vcl1' now active",
    '200',
    '200 Child in state running',
    expect.stringMatching(/^200 a0 127\.0\.0\.1 [1-9]\d*$/) as string,
    '200',
    '200 XID is 1000 chunk 32768',
    '200',
    expect.stringMatching(/^200 active +auto +warm +0 +vcl1$/) as string,
  ])
  expect([code, err.includes('unexpected')]).toEqual([0, false])
  expect(readdirSync(home)).toEqual(['v1'])
  expect(readdirSync(place)).toEqual([])
}, 60_000)

test('an end without a start is an end', async () => {
  expect(await converse('', '-n', join(home, 'v2'))).toMatchObject({ code: 0 })
}, 60_000)

test('-P is written, and one that another holds is refused', async () => {
  const path = join(home, 'shared.pid')
  const child = spawn(process.execPath, [MAIN, 'serve', '-d', '-a', '127.0.0.1:0', '-s', 'memory,16M', '-P', path, '-n', join(home, 'v3')])
  await new Promise((resolve) => child.stdout.once('data', resolve))
  expect(readFileSync(path, 'latin1')).toBe(String(child.pid))
  const { code, err } = await converse('', '-P', path, '-n', join(home, 'v4'))
  expect([code, err]).toEqual([1, `lacquer: -P ${path}: in use by process ${child.pid}; stop that one, or name another\n`])
  child.stdin.end()
  await new Promise((resolve) => child.once('close', resolve))
  expect(readdirSync(home).includes('shared.pid')).toBe(false)
}, 60_000)

test('who watches is told that nothing is served yet, as status says', async () => {
  const held = createServer().listen(0, '127.0.0.1')
  await once(held, 'listening')
  const { port } = held.address() as AddressInfo
  held.close()
  await once(held, 'close')
  const child = spawn(process.execPath, [
    MAIN,
    'serve',
    '-d',
    '-a',
    '127.0.0.1:0',
    '-s',
    'memory,16M',
    '-w',
    '1',
    '-b',
    '127.0.0.1:9',
    '--metrics',
    `127.0.0.1:${port}`,
  ])
  let out = ''
  child.stdout.on('data', (data) => (out += String(data)))
  const health = async (): Promise<string> => (await fetch(`http://127.0.0.1:${port}/healthz`)).text()
  const patience = new Patience(30_000)
  await patience.until('the banner is there', () => out.includes("Type 'start'"))
  expect(await health()).toBe('stopped\n')
  child.stdin.write('start\n')
  await patience.until('it has been started', () => /^200 0 *$/m.test(out))
  expect(await health()).toBe('ok\n')
  child.stdin.end()
  await once(child, 'close')
}, 60_000)
