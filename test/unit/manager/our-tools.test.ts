import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { vslFile } from '../../kit/vsl-file.ts'
import { Instance } from './instance.ts'
import { HAS_TERMINALS, RunningTool } from './running-tool.ts'

/** Our tools on a running Lacquer with two workers, beside Debian's where they are installed. */

const STOCK = ['/usr/bin', '/usr/local/bin'].find((path) => existsSync(`${path}/varnishncsa`))
if (STOCK === undefined) process.stderr.write('varnishncsa is not installed: what our tools print is not compared with it\n')

const home = mkdtempSync(join(tmpdir(), 'lacquer-tools-'))
const directory = join(home, 'v1')
const FLAGS = ['-n', directory, '-s', 'memory,16M', '-p', 'vsl_version=2', '-l', '1M']
let instance: Instance

function ask(path: string, agent = 'a'): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { 'user-agent': agent, authorization: `Basic ${Buffer.from('joe:x').toString('base64')}` }
    get({ host: '127.0.0.1', port: instance.port, path, agent: false, headers }, (response) => {
      response.resume()
      response.once('end', () => resolve(response.statusCode ?? 0))
    }).once('error', reject)
  })
}

async function ours(...args: readonly string[]): Promise<string> {
  const tool = RunningTool.start(args[0], '-n', directory, ...args.slice(1))
  expect([await tool.exited, tool.err]).toEqual([0, ''])
  return tool.out
}

function theirs(tool: string, ...args: readonly string[]): string {
  return spawnSync(`${STOCK}/varnish${tool}`, ['-n', directory, ...args], { encoding: 'latin1', timeout: 20_000 }).stdout
}

beforeAll(async () => {
  instance = await new Instance(FLAGS, '', 2).ready()
  for (let i = 0; i < 6; i++) expect(await ask(`/cacheable?x="${i % 2}\\`, `"agent\\ \xc3\xa9 ${i}`)).toBe(200)
  // A session's last records are written when its connection has ended.
  for (let seen = ''; seen.split('\n').length < 7;) seen = await ours('ncsa', '-d', '-q', 'RespStatus == 200')
}, 60_000)

afterAll(async () => {
  instance.child.kill('SIGTERM')
  await instance.exited
  rmSync(home, { recursive: true })
}, 30_000)

test('to ps and pkill the server is called lacquer, and its command line is its own', () => {
  const files = `/proc/${instance.child.pid}`
  expect(readFileSync(`${files}/comm`, 'utf8')).toBe('lacquer\n')
  expect(readFileSync(`${files}/cmdline`, 'utf8').split('\0')).toEqual(expect.arrayContaining(['serve', directory]))
})

describe.runIf(STOCK)('what they print is what Debian’s print', () => {
  test.each([
    [[]],
    [['-b', '-c', '-j']],
    [['-g', 'request', '-q', 'VCL_call eq MISS']],
    [['-F', '%h %u %t %D %s %I %O "%r" %{User-Agent}i %{Varnish:handling}x %{Varnish:time_firstbyte}x %{VSL:Hit[1]}x']],
  ])('ncsa %j', async (args) => {
    const lines = await ours('ncsa', '-d', ...args)
    expect(lines.length).toBeGreaterThan(100)
    expect(lines).toBe(theirs('ncsa', '-d', ...args))
  })

  test.each([
    ['ncsa', '-R', '1/1m'],
    ['log', '-c', '-R', '1/1m'],
    ['log', '-c', '-k', '1'],
  ])('%s %s %s %s: transactions that are not shown do not count', async (...args) => {
    const [tool, ...options] = args
    const lines = await ours(tool, '-d', ...options)
    expect(lines).toContain('GET')
    expect(lines).toBe(theirs(tool, '-d', ...options))
  })

  test.each([[['-i', 'ReqURL']], [['-f', '-c', '-i', 'Req*,Resp*']]])('top -1 %j', async (args) => {
    const list = await ours('top', '-1', ...args)
    expect(list).toContain('.00 Req')
    expect(list).toBe(theirs('top', '-1', ...args))
  })

  test('stat -l, and -j but for what goes on', async () => {
    expect(await ours('stat', '-l')).toBe(theirs('stat', '-l'))
    const still = ['-I', 'MAIN.client_req', '-I', 'MAIN.cache_*', '-I', 'VBE.*']
    const withoutTime = (text: string): string => text.replace(/"timestamp": "[^"]*"/, '')
    expect(withoutTime(await ours('stat', '-j', ...still))).toBe(withoutTime(theirs('stat', '-j', ...still)))
    expect(await ours('stat', '-1', '-f', 'VBE.*.happy')).toBe(theirs('stat', '-1', '-f', 'VBE.*.happy'))
  })
})

describe('ncsa to a file', () => {
  test('opens it anew at SIGHUP, and loses no line', async () => {
    const [file, old] = [join(home, 'access.log'), join(home, 'access.log.1')]
    const tool = RunningTool.start('ncsa', '-n', directory, '-w', file, '-F', '%U')
    const lines = (path: string): string[] => (existsSync(path) ? readFileSync(path, 'latin1').split('\n').slice(0, -1) : [])
    // Asked for until the tool follows the log.
    while (lines(file).length === 0) await ask('/follows')
    renameSync(file, old)
    tool.child.kill('SIGHUP')
    while (!existsSync(file)) await ask('/turns')
    await ask('/after')
    while (!lines(file).includes('/after')) await ask('/once-more')
    tool.child.kill('SIGTERM')
    expect(await tool.exited).toBe(0)
    const asked = [...lines(old), ...lines(file)].filter((url) => url !== '/once-more')
    expect(asked.join(' ')).toMatch(/^(\/follows )+(\/turns )*\/after( |$)/)
  }, 30_000)
})

describe.runIf(HAS_TERMINALS)('on a terminal', () => {
  const file = join(home, 'hostile.vsl')
  const records = [
    { tag: 'Begin', text: 'req 1 rxreq' },
    { tag: 'ReqURL', text: '/\xc2\x9b2J\x7f\xc3\xbc' },
    { tag: 'End', text: '' },
  ] as const

  test.each([
    ['ncsa', '--json', '-F', '%U'],
    ['ncsa', '-j', '-F', '%U'],
    ['log', '-i', 'ReqURL'],
    ['log', '-A', '-w', '-', '-i', 'ReqURL'],
    ['log', '--json', '-i', 'ReqURL'],
    ['top', '-1', '-i', 'ReqURL'],
  ])(
    '%s %s lets no stranger move the cursor',
    async (...args) => {
      writeFileSync(file, vslFile([{ vxid: 2, side: 'client', records }]))
      const tool = RunningTool.onTerminal(20, 110, ...args, '-r', file)
      expect(await tool.exited).toBe(0)
      expect(tool.out).toContain('/?2J?\xc3\xbc')
    },
    30_000,
  )

  test('stat shows a screen, and leaves the terminal as it was', async () => {
    const tool = RunningTool.onTerminal(20, 110, 'stat', '-n', directory)
    await tool.until(() => tool.screen().get(4)?.startsWith('    NAME') === true)
    await tool.until(() => [...tool.screen().values()].some((line) => /^MAIN\.client_req +\d+ /.test(line)))
    tool.type('h')
    await tool.until(() => [...tool.screen().values()].includes('UP, k / DOWN, j'))
    tool.type('q')
    expect(await tool.exited).toBe(0)
    expect(tool.out.trimEnd().endsWith('\x1b[?25h\x1b[?1049l')).toBe(true)
  }, 30_000)

  test('top shows the most frequent records', async () => {
    const tool = RunningTool.onTerminal(10, 100, 'top', '-n', directory, '-d', '-i', 'ReqMethod')
    await tool.until(() => /^ +\d+\.\d\d ReqMethod {6}GET$/.test(tool.screen().get(3) ?? ''))
    expect(tool.screen().get(1)).toMatch(/^list length 1 /)
    tool.type('q')
    expect(await tool.exited).toBe(0)
  }, 30_000)

  test('hist draws what is in the log', async () => {
    const tool = RunningTool.onTerminal(15, 100, 'hist', '-n', directory, '-d')
    await tool.until(() => /^1:\d+, n = [1-9]\d*, d = 1 +EOF$/.test(tool.screen().get(1) ?? ''))
    expect(tool.screen().get(15)).toMatch(/^\|1e-6 {6}\|1e-5/)
    tool.type('\x03')
    expect(await tool.exited).toBe(0)
  }, 30_000)

  test('stat tells that the server has gone, and follows the next', async () => {
    const tool = RunningTool.onTerminal(20, 110, 'stat', '-n', directory)
    await tool.until(() => tool.screen().get(1)?.startsWith('Uptime mgt:      0+') === true)
    instance.child.kill('SIGTERM')
    await instance.exited
    await tool.until(() => tool.screen().get(1)?.startsWith('Uptime mgt:   (Not running)') === true)
    instance = await new Instance(FLAGS, '', 2).ready()
    await tool.until(() => tool.screen().get(1)?.startsWith('Uptime mgt:      0+') === true)
    tool.type('q')
    expect(await tool.exited).toBe(0)
  }, 60_000)
})

test('without a terminal they print, and end', async () => {
  expect(await ours('stat')).toMatch(/^MAIN\.client_req +\d+ +\d+\.\d\d \S/m)
  expect(await ours('hist')).toMatch(/^1:1, n = \d+, d = 1 +EOF\n/)
  await ask('/once')
  let list = ''
  while (list === '') list = await ours('top', '-i', 'ReqURL')
  expect(list).toContain(' ReqURL /once\n')
})

test('without a server they say so', async () => {
  const tool = RunningTool.start('stat', '-n', join(home, 'none'), '-t', '0')
  expect([await tool.exited, tool.err]).toEqual([
    1,
    `lacquer: ${join(home, 'none')}: there is no server; start it, or say with -n where it is\n`,
  ])
})
