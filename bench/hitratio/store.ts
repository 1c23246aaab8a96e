import { Fields } from '../../src/http/fields.ts'
import type { ObjectHead, Store } from '../../src/store/contract.ts'
import type { Cache } from './simulated/cache.ts'

/** A store by its contract: each miss fills an object of that size, as a fetch would. */
export class StoreCache implements Cache {
  private readonly store: Store
  private readonly head = plainHead()
  private readonly chunk = Buffer.alloc(64 * 1024, 'x')

  constructor(store: Store) {
    this.store = store
  }

  request(key: number, size_bytes: number): boolean {
    this.store.newRun()
    const id = String(key)
    const found = this.store.find(id)
    if (found !== undefined) this.store.touch(found)
    else this.fill(id, size_bytes)
    return found !== undefined
  }

  /** What an object costs beside its body. */
  get overhead_bytes(): number {
    const probe = this.store.open('probe', this.head, 0)
    if (probe === undefined) throw new Error(`the store ${this.store.name} takes nothing`)
    probe.body.complete()
    const { size_bytes } = probe
    this.store.remove(probe)
    return size_bytes
  }

  get live_bytes(): number {
    return this.store.stats().used_bytes
  }

  private fill(id: string, size_bytes: number): void {
    const object = this.store.open(id, this.head, size_bytes)
    if (object === undefined) return
    for (let left = size_bytes; left > 0; left -= this.chunk.length)
      object.body.append(this.chunk.subarray(0, Math.min(left, this.chunk.length)))
    object.body.complete()
  }
}

function plainHead(): ObjectHead {
  const fields = new Fields()
  fields.append('Content-Type', 'application/octet-stream')
  fields.append('Cache-Control', 'max-age=31536000')
  return {
    xid: 1,
    status: 200,
    reason: 'OK',
    fields,
    t_origin_ms: 0,
    ttl_ms: Number.MAX_SAFE_INTEGER,
    grace_ms: 0,
    keep_ms: 0,
    flags: 0,
    validatable: false,
    headText: 'HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nCache-Control: max-age=31536000\r\n',
  }
}
