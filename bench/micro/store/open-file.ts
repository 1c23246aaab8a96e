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
 * From the start of a process (as an operator starts it, of dist/) to its first hit from a file store that an earlier process has left, with few
 * objects and with a million, stopped cleanly and killed while it stored others. Beside it the same without a store to open.
 * Run: node bench/micro/store/open-file.ts [objects [rounds]]
 */

const PROGRAM = fileURLToPath(new URL('../../../bin/lacquer', import.meta.url))
const SIZE_BYTES = 2 ** 31
const BODY = Buffer.alloc(1024, 'x')
/** Requests for what is not stored that a process is killed over. */
const STORING = 200

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

interface Case {
  readonly name: string
  readonly args: readonly string[]
  readonly signal: 'SIGTERM' | 'SIGKILL'
}

/** ms from the spawn to the last byte of the first hit. */
async function firstHit({ args, signal }: Case, path: string): Promise<{ ms: number; said: string; hit: boolean }> {
  const port = await freePort()
  const begun = performance.now()
  const child = spawn(PROGRAM, ['serve', '-a', `127.0.0.1:${port}`, '-b', `127.0.0.1:${origin_port}`, ...args])
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
  const hit = await isHit(port, path)
  const ms = performance.now() - begun
  const others = Array.from({ length: signal === 'SIGKILL' ? STORING : 0 }, (_, i) => isHit(port, `${path}/${i}`))
  if (others.length > 0) await Promise.any(others)
  child.removeAllListeners('exit').kill(signal)
  await Promise.allSettled(others)
  await new Promise((resolve) => child.once('exit', resolve))
  return { ms, said, hit }
}

function isHit(port: number, path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    get({ port, host: '127.0.0.1', path, headers: { Host: 'example' } }, (response) => {
      response.resume().on('end', () => resolve(String(response.headers['cache-status']).includes('hit')))
      response.on('error', reject)
    }).on('error', reject)
  })
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  connect({ port, host: '127.0.0.1' }).on('error', () => {})
  return port
}

try {
  const [many, rounds] = [Number(process.argv[2] ?? 1_000_000), Number(process.argv[3] ?? 5)]
  const cases: Case[] = [{ name: 'memory,64M', args: ['-s', 'memory,64M'], signal: 'SIGTERM' }]
  for (const [objects, signal] of [
    [10_000, 'SIGTERM'],
    [many, 'SIGTERM'],
    [many, 'SIGKILL'],
  ] as const) {
    const clean = signal === 'SIGTERM'
    const path = join(folder, `${objects}-${signal}`)
    await fill(path, objects, clean)
    const name = `file with ${objects} objects, ${clean ? 'clean' : 'killed'}`
    cases.push({ name, args: ['-s', `file,${path},${SIZE_BYTES / 2 ** 30}G`], signal })
  }
  const times = cases.map((): number[] => [])
  for (let round = 0; round < rounds; round++) {
    for (const [i, one] of cases.entries()) {
      const { ms, said, hit } = await firstHit(one, `/${round * 7 + 1}`)
      times[i].push(ms)
      if (i > 0 && !hit) throw new Error(`${one.name}: a miss; ${said}`)
      if (round === 1) process.stdout.write(`${one.name}: ${hit ? 'a hit' : 'a miss'}; ${said.split('\n')[0]}\n`)
    }
  }
  for (const [i, { name }] of cases.entries()) {
    const sorted = times[i].toSorted((a, b) => a - b).map(Math.round)
    process.stdout.write(`${name}: first response after ${sorted[0]} ms at least, ${sorted[sorted.length >> 1]} in the median\n`)
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
  origin.close()
}
