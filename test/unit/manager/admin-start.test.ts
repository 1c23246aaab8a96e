import { execFileSync } from 'node:child_process'
import { rmSync, truncateSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { CliClient } from '../../../src/admin/cli/client.ts'
import { readSecret } from '../../../src/admin/cli/secret.ts'
import { readToken } from '../../../src/admin/guard.ts'
import type { Program } from '../../../src/admin/program.ts'
import { OperatorError } from '../../../src/base/errors.ts'
import { beginWith } from '../../../src/manager/admin.ts'
import { Patience } from '../../kit/patience.ts'
import { get, MAIN, makeFiles, run, startAdmin } from './admin-kit.ts'
import { Instance } from './instance.ts'

/** What the command line says of the admin port, and of commands before anybody is served. */

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const patience = new Patience(30_000)
const { directory, secret } = makeFiles()

afterAll(() => rmSync(directory, { recursive: true }))

describe('debug commands', () => {
  test('a worker that dies of one is replaced, and told of', async () => {
    const made = await startAdmin('-f', join(directory, 'one.vcl'), '-w', '1', '-T', '127.0.0.1:0', '-S', 'none')
    const own = (await CliClient.open({ host: '127.0.0.1', port: made.port }, undefined, 20_000)).client
    expect(await own.ask(['debug.panic.worker'])).toEqual({ status: 400, body: 'CLI communication error (hdr)' })
    await patience.until('another serves', () => made.instance.said.includes('serves again'))
    expect((await own.ask(['panic.show'])).body).toContain('debug.panic.worker')
    expect(await own.ask(['panic.clear', '-z'])).toMatchObject({ status: 200 })
    own.close()
    made.instance.child.kill('SIGTERM')
    expect(await made.instance.exited).toBe(0)
  }, 60_000)
})

describe('at the start', () => {
  test('-I carries out commands before anybody is served', async () => {
    const script = join(directory, 'start.cli')
    const lines = ['# two sites', `vcl.load two ${join(directory, 'two.vcl')}`, '', 'vcl.label site two', '-vcl.use nobody', 'vcl.use site']
    writeFileSync(script, [...lines, 'param.set default_ttl 7', 'param.set cache_status_name mine'].join('\n'))
    const made = await startAdmin('-f', join(directory, 'one.vcl'), '-T', '127.0.0.1:0', '-S', 'none', '-I', script)
    const { reason, headers } = await get(made.instance.port)
    expect([reason, headers['ttl']]).toEqual(['two', '7.000'])
    const own = (await CliClient.open({ host: '127.0.0.1', port: made.port }, undefined, 20_000)).client
    expect((await own.ask(['vcl.list'])).body).toMatch(/active +label +warm +0 +site +-> +two/)
    own.close()
    made.instance.child.kill('SIGTERM')
    expect(await made.instance.exited).toBe(0)
  })

  test('-I of a device without an end, or of a pipe, is an error', async () => {
    const pipe = join(directory, 'pipe')
    execFileSync('mkfifo', [pipe])
    const program = {} as Program
    await expect(beginWith(program, '/dev/zero')).rejects.toThrow(new OperatorError('-I /dev/zero: is larger than 8 MiB'))
    await expect(beginWith(program, pipe)).rejects.toThrow(new OperatorError(`-I ${pipe}: is a pipe`))
    expect(() => readToken('/dev/zero')).toThrow(new OperatorError('--purge-api /dev/zero: is larger than 8 MiB'))
    const large = join(directory, 'large')
    writeFileSync(large, '')
    truncateSync(large, 2 ** 30)
    expect(() => readSecret(large)).toThrow('a secret has 1 to 65536 bytes')
  })

  test('nobody is told of the demo site where -I has brought other rules', async () => {
    const script = join(directory, 'only.cli')
    writeFileSync(script, `vcl.load two ${join(directory, 'two.vcl')}\nvcl.use two\n`)
    const made = await startAdmin('-T', '127.0.0.1:0', '-S', 'none', '-I', script)
    expect((await get(made.instance.port)).reason).toBe('two')
    expect(made.instance.said).not.toContain('demo')
    made.instance.child.kill('SIGTERM')
    expect(await made.instance.exited).toBe(0)
  })

  test('of several -f the last is active, and the others are there', async () => {
    const made = await startAdmin('-f', join(directory, 'one.vcl'), '-f', join(directory, 'two.vcl'), '-T', '127.0.0.1:0', '-S', 'none')
    const own = (await CliClient.open({ host: '127.0.0.1', port: made.port }, undefined, 20_000)).client
    expect((await own.ask(['vcl.list'])).body).toMatch(/^available +auto +warm +0 +boot0\nactive +auto +warm +0 +boot\n$/)
    expect((await get(made.instance.port)).reason).toBe('two')
    expect((await own.ask(['vcl.use', 'boot0'])).status).toBe(200)
    expect((await get(made.instance.port)).reason).toBe('one')
    own.close()
    made.instance.child.kill('SIGTERM')
    expect(await made.instance.exited).toBe(0)
  })

  test('one that fails ends it, in one line', async () => {
    const script = join(directory, 'wrong.cli')
    writeFileSync(script, 'ping\nvcl.use nobody\n')
    const { code, err } = await run(process.execPath, [MAIN, 'serve', '-a', '127.0.0.1:0', '-b', '127.0.0.1:9', '-I', script])
    expect(code).toBe(1)
    expect(err).toBe(`lacquer: -I ${script}:2: vcl.use failed (106): No VCL named nobody known\n`)
  })

  test('rules whose vcl_init fails end it, in one line', async () => {
    const rules = join(directory, 'init.vcl')
    writeFileSync(rules, 'vcl 4.1;\nbackend none none;\nsub vcl_init { return (fail("no licence")); }\n')
    const { code, err } = await run(process.execPath, [MAIN, 'serve', '-a', '127.0.0.1:0', '-f', rules, '-w', '2', '-s', 'memory,16M'])
    expect(code).toBe(1)
    expect(err).toBe('lacquer: vcl_init failed: no licence\n')
  })

  test('-M connects to whoever waits, says who it is to be told, and comes again; that nobody is there is told', async () => {
    const callers: Socket[] = []
    const server = createServer((socket) => void callers.push(socket))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const made = await new Instance(['-f', join(directory, 'one.vcl'), '-s', 'memory,16M', '-M', `127.0.0.1 ${port}`, '-S', secret]).ready()
    for (const n of [1, 2]) {
      await patience.until('it has connected', () => callers.length === n)
      const { client: called } = await CliClient.over(callers[n - 1], secret, 20_000)
      expect((await called.ask(['ping'])).body).toMatch(/^PONG/)
      if (n === 2) server.close()
      called.close()
    }
    await patience.until('it has been told', () => made.said.includes(`-M 127.0.0.1:${port}: nobody takes the call (ECONNREFUSED)`))
    made.child.kill('SIGTERM')
    expect(await made.exited).toBe(0)
  })
})

test('a public address without a secret is refused at the start', async () => {
  for (const flags of [
    ['-T', ':0', '-S', 'none'],
    ['-T', '0.0.0.0:0', '-S', 'none'],
    ['-T', '192.0.2.1:6082', '-S', 'none'],
    ['-M', 'admin.example:1', '-S', 'none'],
  ]) {
    const { code, err } = await run(process.execPath, [MAIN, 'serve', '-b', '127.0.0.1:9', ...flags])
    expect(code).toBe(1)
    expect(err).toMatch(/^lacquer: -[TM]: whoever reaches it could give commands: name a secret with -S file/)
  }
})
