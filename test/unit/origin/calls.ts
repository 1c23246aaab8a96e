import type { Duplex } from 'node:stream'
import type { BackendSpec, FetchFailure } from '../../../src/origin/contract.ts'
import type { OriginOptions } from '../../../src/origin/options.ts'
import { get, Heard, PATIENT, RawOrigin, rig, specOf, type Rig } from './kit.ts'

export const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

/** What a test has opened. */
export const closing: { close(): void | Promise<void> }[] = []

export async function closeAll(): Promise<void> {
  for (const one of closing.splice(0)) await one.close()
}

type Answer = ConstructorParameters<typeof RawOrigin>[0]

/** An origin that answers so, and a cache that has it as its backend, until `closeAll`. */
export async function start(answer: Answer, more: Partial<BackendSpec> = {}, options: Partial<OriginOptions> = {}) {
  const origin = new RawOrigin(answer)
  const cache = rig([specOf(await origin.listen(), more)], options)
  closing.push(origin, cache.origin)
  return { origin, cache }
}

export function begin(cache: Rig, head = get()): Heard & { call: ReturnType<Rig['origin']['fetch']> } {
  const heard = new Heard()
  const call = cache.origin.fetch(cache.origin.backend('default')!, head, undefined, PATIENT, heard)
  return Object.assign(heard, { call })
}

export async function ask(cache: Rig, head = get()): Promise<Heard> {
  const heard = begin(cache, head)
  await heard.finished
  // undici takes a connection back a turn after its response.
  await turns(3)
  return heard
}

export function pipe(cache: Rig, timeout_ms = 3000): Promise<{ failure: FetchFailure | undefined; socket: Duplex | undefined }> {
  return new Promise((resolve) => {
    cache.origin.connect(cache.origin.backend('default')!, undefined, timeout_ms, (failure, socket) => resolve({ failure, socket }))
  })
}

export async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve))
}

export async function until(fact: () => boolean): Promise<void> {
  while (!fact()) await turns(1)
}
