import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { get, createServer } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { SystemClock } from '../../../src/base/clock.ts'
import { openInvalidations } from '../../../src/manager/invalidations.ts'
import { Arena } from '../../../src/store/arena/arena.ts'
import { arenaStore } from '../../../test/kit/arena.ts'
import { objectHead } from '../../../test/kit/core.ts'

/**
 * From the start of a process (of dist/) to its first hit from a file store that an earlier process has left, with few objects and
 * with a million, stopped cleanly and not. Beside it the same without a store to open. Run: node bench/micro/store/open-file.ts [objects]
 */

const MAIN = fileURLToPath(new URL('../../../dist/manager/main.js', import.meta.url))
const SIZE_BYTES = 2 ** 31
const BODY = Buffer.alloc(1024, 'x')
const ROUNDS = 5

const folder = mkdtempSync(join(tmpdir(), 'lacquer-open-'))
const origin = createServer((_, response) => response.end('from the origin'))
await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve))
const origin_port = (origin.address() as AddressInfo).port

async function fill(path: string, objects: number, clean: boolean): Promise<void> {
  const clock = new SystemClock()
  const arena = Arena.inFile(path, SIZE_BYTES, clock)
  // What has been checked against no invalidation that is known is not served.
  const { serials } = openInvalidations([arena], clock)
  const store = arenaStore(arena.handle, { eviction_size_bias: 1 })
  const head = objectHead({ t_origin_ms: Date.now(), ttl_ms: 1e9 })
  for (let i = 0; i < objects; i++) {
    store.newRun()
    const object = store.open(`P/${i}\0example\0`, head, BODY.length, undefined, serials.newest)
    object?.body.append(BODY)
    object?.body.complete()
  }
  store.expire(Date.now(), 1)
  if (clean) await arena.close()
  else arena.abandon()
}

/** ms from the spawn to the last byte of the first hit. */
async function firstHit(args: readonly string[], url: string): Promise<{ ms: number; said: string; hit: boolean }> {
  const port = await freePort()
  const begun = performance.now()
  const child = spawn(process.execPath, [MAIN, 'serve', '-a', `127.0.0.1:${port}`, '-b', `127.0.0.1:${origin_port}`, ...args])
  let said = ''
  await new Promise<void>((resolve, reject) => {
    const hear = (chunk: Buffer): void => {
      said += chunk.toString()
      if (said.includes('ready on')) resolve()
    }
    child.stdout.on('data', hear)
    child.stderr.on('data', hear)
    child.once('exit', () => reject(new Error(said)))
  })
  const hit = await new Promise<boolean>((resolve, reject) => {
    get({ port, host: '127.0.0.1', path: url, headers: { Host: 'example' } }, (response) => {
      response.resume().on('end', () => resolve(String(response.headers['cache-status']).includes('hit')))
    }).on('error', reject)
  })
  const ms = performance.now() - begun
  child.removeAllListeners('exit').kill('SIGTERM')
  await new Promise((resolve) => child.once('exit', resolve))
  return { ms, said, hit }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  connect({ port, host: '127.0.0.1' }).on('error', () => {})
  return port
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]
}

try {
  const many = Number(process.argv[2] ?? 1_000_000)
  const cases: [string, string[]][] = [['memory,64M', ['-s', 'memory,64M']]]
  for (const [objects, clean] of [
    [1000, true],
    [many, true],
    [many, false],
  ] as const) {
    const path = join(folder, `${objects}-${String(clean)}`)
    await fill(path, objects, clean)
    cases.push([`file with ${objects} objects, ${clean ? 'clean' : 'killed'}`, ['-s', `file,${path},${SIZE_BYTES / 2 ** 30}G`]])
  }
  const times = cases.map((): number[] => [])
  for (let round = 0; round < ROUNDS; round++) {
    for (const [i, [name, args]] of cases.entries()) {
      const { ms, said, hit } = await firstHit(args, `/${round * 7 + 1}`)
      times[i].push(ms)
      if (i > 0 && !hit) throw new Error(`${name}: a miss; ${said}`)
      if (round === 0) process.stdout.write(`${name}: ${hit ? 'a hit' : 'a miss'}; ${said.split('\n')[0]}\n`)
    }
  }
  for (const [i, [name]] of cases.entries()) process.stdout.write(`${name}: ${Math.round(median(times[i]))} ms to the first response\n`)
} finally {
  rmSync(folder, { recursive: true, force: true })
  origin.close()
}
