import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Instance } from './instance.ts'

/** Debian's tools, where they are installed, on our work directory. */

const STOCK = ['/usr/bin', '/usr/local/bin'].find((path) => existsSync(`${path}/varnishlog`))
if (STOCK === undefined) process.stderr.write('varnishlog is not installed: the stock tools are not tried on our work directory\n')

const home = mkdtempSync(join(tmpdir(), 'lacquer-stock-'))
const directory = join(home, 'v1')
let instance: Instance

function run(tool: string, ...args: string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    execFile(`${STOCK}/${tool}`, ['-n', directory, ...args], { timeout: 20_000 }, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), out, err })
    })
  })
}

/** What it says as soon as it says that, or in the end: less than the test's own time, so that what was said is what the test fails with. */
async function once(tool: string, args: readonly string[], holds: (out: string) => boolean): ReturnType<typeof run> {
  const end_ms = performance.now() + 15_000
  let said = await run(tool, ...args)
  while (!holds(said.out) && performance.now() < end_ms) said = await run(tool, ...args)
  return said
}

function ask(path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port: instance.port, path, agent: false }, (response) => {
      response.resume()
      response.once('end', () => resolve(response.statusCode ?? 0))
    }).once('error', reject)
  })
}

describe.runIf(STOCK)('on a running Lacquer', () => {
  beforeAll(async () => {
    instance = new Instance(['-n', directory, '-s', 'memory,16M', '-p', 'vsl_version=2', '-l', '1M'], '', 2)
    await instance.ready()
    for (let i = 0; i < 3; i++) expect(await ask('/cacheable')).toBe(200)
  }, 40_000)

  afterAll(async () => {
    instance.child.kill('SIGTERM')
    expect(await instance.exited).toBe(0)
    expect(readdirSync(directory)).toEqual([])
    rmSync(home, { recursive: true })
  })

  const requests = (out: string): number => out.match(/<< Request {2}>>/g)?.length ?? 0

  test('varnishlog reads all requests, whichever worker has served them', async () => {
    const read = await once('varnishlog', ['-d', '-g', 'request'], (out) => requests(out) === 3)
    expect(requests(read.out)).toBe(3)
    const { out, err } = await run('varnishlog', '-d', '-g', 'request', '-q', 'VCL_call eq HIT')
    expect([requests(out), err]).toEqual([2, ''])
  })

  test('varnishncsa has a line for each', async () => {
    const { out } = await run('varnishncsa', '-d', '-F', '%m %U %s %{Varnish:hitmiss}x')
    expect(out).toBe('GET /cacheable 200 miss\nGET /cacheable 200 hit\nGET /cacheable 200 hit\n')
  })

  test('varnishstat has all counters, as lines, as JSON, as XML and as a list', async () => {
    const stored = /^SMA\.s0\.g_bytes +[1-9]/m
    // What stores hold is told twice a second.
    const lines = await once('varnishstat', ['-1'], (out) => stored.test(out))
    expect(lines).toMatchObject({ code: 0, err: '' })
    expect(lines.out).toMatch(/^MAIN\.client_req +3 /m)
    expect(lines.out).toMatch(/^MGT\.child_start +1 /m)
    expect(lines.out).toMatch(stored)
    expect(lines.out).toMatch(/^VBE\.boot\.default\.req +1 /m)
    const { counters } = JSON.parse((await run('varnishstat', '-j')).out) as { counters: Record<string, { value: number; flag: string }> }
    expect(counters['MAIN.cache_hit']).toMatchObject({ value: 2, flag: 'c', format: 'i' })
    expect(counters['VBE.boot.default.happy']).toMatchObject({ flag: 'b', format: 'b' })
    expect(Object.keys(counters)).toHaveLength(lines.out.trimEnd().split('\n').length)
    expect((await run('varnishstat', '-x')).out).toContain('<name>MAIN.cache_hit</name>')
    expect((await run('varnishstat', '-l')).out).toContain('MAIN.cache_hit')
  })

  test('varnishtop counts', async () => {
    expect((await run('varnishtop', '-1', '-d', '-i', 'ReqURL')).out).toMatch(/3\.00 ReqURL \/cacheable/)
  })
})
