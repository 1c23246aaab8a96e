import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { CliClient } from '../../../src/admin/cli/client.ts'
import { Patience } from '../../kit/patience.ts'
import { get, MAIN, Operated, run } from './admin-kit.ts'

/** Who gives commands to the admin port: lacquer adm and explain, varnishadm, and whoever is not to be there. */

/** Debian's, where it is installed: it speaks to us as to varnishd. */
const STOCK = ['/usr/bin/varnishadm', '/usr/local/bin/varnishadm'].find((path) => existsSync(path))

const patience = new Patience(30_000)

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

let operated: Operated
beforeAll(async () => void (operated = await Operated.start()))
beforeEach(() => operated.enter())
afterAll(() => operated.stop())

const ok = (...words: string[]): Promise<string> => operated.ok(...words)

const adm = (args: readonly string[], input = '') =>
  run(process.execPath, [MAIN, 'adm', '-T', `127.0.0.1:${operated.at.port}`, '-S', operated.secret, ...args], input)

describe('lacquer adm', () => {
  test('carries out one command; its exit code says whether it went well', async () => {
    expect(await adm(['ping'])).toMatchObject({ code: 0, out: expect.stringMatching(/^PONG \d+ 1\.0\n$/) as string, err: '' })
    expect(await adm(['vcl.list', '-j'])).toMatchObject({ code: 0, out: expect.stringContaining('"name": "boot"') as string })
    expect(await adm(['vcl.use', 'x y'])).toEqual({
      code: 1,
      out: 'No VCL named x y known\n\n',
      err: 'Command failed with error code 106\n',
    })
  })

  test('carries out what comes on standard input', async () => {
    const { code, out } = await adm([], 'status\n\nparam.show max_retries\nquit\nping\n')
    expect(code).toBe(1)
    expect(out).toMatch(/^Child in state running\nmax_retries\n[^]*Closing CLI connection\n$/)
  })

  test('takes a here-document from there, and says when its end is missing', async () => {
    const inline = 'vcl.inline typed << END\nvcl 4.1;\n\nbackend a none;\nEND\n'
    const whole = await adm([], `${inline}vcl.show typed\nvcl.discard typed\n`)
    expect(whole).toMatchObject({ code: 0, err: '' })
    expect(whole.out).toContain('vcl 4.1;\n\nbackend a none;\n')
    expect(await adm([], 'status\nvcl.inline typed << END\nvcl 4.1;\n')).toEqual({
      code: 1,
      out: 'Child in state running\n',
      err: "The last command was not given: 'END' is missing behind its << END\n",
    })
  })

  test('asks the work directory where, and needs no secret there', async () => {
    const of = async (...args: string[]) => (await run(process.execPath, [MAIN, 'adm', ...args])).out
    expect(await of('-n', operated.place, 'status')).toBe('Child in state running\n')
    // The secret that goes with a port is found there, too; else what stands behind -S is.
    expect(await of('-n', operated.place, '-T', `127.0.0.1:${operated.at.port}`, 'ping')).toMatch(/^PONG/)
    rmSync(join(operated.place, '_.cli'))
    expect(await of('-n', operated.place, 'ping')).toMatch(/^PONG/)
  })

  test('says what is wrong in one line', async () => {
    const wrong = join(operated.directory, 'wrong')
    writeFileSync(wrong, 'guessed')
    const of = async (...args: string[]) => (await run(process.execPath, [MAIN, 'adm', ...args])).err
    expect(await of('-T', `127.0.0.1:${operated.at.port}`, 'ping')).toBe('lacquer: adm: it asks for a secret: name the file with -S\n')
    expect(await of('-T', `127.0.0.1:${operated.at.port}`, '-S', wrong, 'ping')).toMatch(/^lacquer: adm: the secret is wrong/)
    expect(await of('-T', '127.0.0.1:1', 'ping')).toMatch(/^lacquer: adm: .*ECONNREFUSED/)
    // Who says nothing, and does not close either.
    const silent = createServer().listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const { port } = silent.address() as AddressInfo
    expect(await of('-T', `127.0.0.1:${port}`, '-t', '1', 'ping')).toBe('lacquer: adm: no answer for 1 s\n')
    silent.close()
    expect(await of('-n', 'nobody-is-here', 'ping')).toMatch(
      /^lacquer: nobody has the work directory .*; say which with -n name, or where with -T host:port\n$/,
    )
  })
})

test('lacquer explain', async () => {
  const port = String(operated.at.port)
  const words = ['-T', `127.0.0.1:${port}`, '-S', operated.secret, 'http://a/x', '-H', 'X-A: b']
  const told = await run(process.execPath, [MAIN, 'explain', ...words])
  expect([told.code, told.err]).toEqual([0, ''])
  expect(told.out).toContain('vcl_recv\n')
  const json = await run(process.execPath, [MAIN, 'explain', '--json', ...words])
  expect(JSON.parse(json.out)).toMatchObject({ worker: 0, outcome: { status: 200 }, transactions: [{ kind: 'req', reason: 'rxreq' }] })
  const refused = await run(process.execPath, [MAIN, 'explain', ...words.slice(0, 4), 'nowhere'])
  expect([refused.code, refused.err]).toEqual([1, 'lacquer: explain: nowhere: expected http://host/path, or a path that begins with /\n'])
})

describe.runIf(STOCK)('Debian’s varnishadm', () => {
  const stock = (...args: string[]) => run(STOCK ?? '', ['-T', `127.0.0.1:${operated.at.port}`, '-S', operated.secret, ...args])

  test('works', async () => {
    expect(await stock('ping')).toMatchObject({ code: 0, out: expect.stringMatching(/^PONG \d+ 1\.0\n$/) as string })
    expect(await stock('vcl.list')).toMatchObject({ code: 0, out: expect.stringMatching(/^active +auto +warm +0 +boot\n\n$/) as string })
    expect(await stock('param.set', 'max_retries', '7')).toMatchObject({ code: 0 })
    expect((await get(operated.instance.port)).headers['retries']).toBe('7')
    expect(await stock('param.reset', 'max_retries')).toMatchObject({ code: 0 })
    expect(await stock('nope')).toMatchObject({ code: 1, err: 'Command failed with error code 101\n' })
  })
})

describe('who is not to be there', () => {
  /** What the other side says before it closes, or until it has said so much. */
  function heard(bytes: string, until = /(?!)/): Promise<string> {
    const socket = connect(operated.at.port, '127.0.0.1')
    let text = ''
    return new Promise((resolve) => {
      socket.on('data', (data) => {
        text += data.toString('latin1')
        if (until.test(text)) socket.destroy()
      })
      socket.on('error', () => {}).on('close', () => resolve(text))
      socket.write(bytes)
    })
  }

  test('who is let in and stays fills them, which is said', async () => {
    const before = operated.instance.said.length
    const held: CliClient[] = []
    for (let i = 0; i < 60; i++) {
      const made = await CliClient.open(operated.at, operated.secret, 20_000).catch(() => undefined)
      if (made === undefined) break
      held.push(made.client)
    }
    expect(held.length).toBeLessThan(60)
    await patience.until('it is said', () =>
      operated.instance.said.slice(before).includes('connections are in use, and another is turned away'),
    )
    for (const one of held) one.close()
    expect(await ok('ping')).toMatch(/^PONG/)
  })

  test('strangers fill no seats: whoever knows the secret is let in, however many wait', async () => {
    const idle = Array.from({ length: 200 }, () => connect(operated.at.port, '127.0.0.1').on('error', () => {}))
    await Promise.all(idle.map((socket) => new Promise((resolve) => socket.once('data', resolve).once('close', resolve))))
    const late = await CliClient.open(operated.at, operated.secret, 20_000)
    expect((await late.client.ask(['ping'])).status).toBe(200)
    late.client.close()
    for (const socket of idle) socket.destroy()
    expect(await ok('ping')).toMatch(/^PONG/)
  })

  test('who guesses too often has to wait, and is not asked any more; who is in stays in', async () => {
    let answers = 0
    for (let i = 0; i < 20; i++) if ((await heard(`auth ${'0'.repeat(64)}\n`)).includes('500')) answers++
    expect(answers).toBeLessThanOrEqual(10)
    expect(await heard('')).toBe('')
    expect(await ok('ping')).toMatch(/^PONG/)
    expect(operated.instance.said).toMatch(/admin port: a wrong answer to the challenge, from 127\.0\.0\.1 port \d+/)
  })
})
