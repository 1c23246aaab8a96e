import { Fields } from '../../src/http/fields.ts'
import type { ObjectHead, Store, StoredObject } from '../../src/store/contract.ts'

/** Objects that say themselves what they must be: by head and id, and by each byte. */

/** Byte i of the body of an object is byte i + xid of this, so that bytes of another object, or of another place, are wrong. */
const PERIOD = 4099
const LONGEST_BYTES = 6 * 2 ** 20
const SOURCE = Buffer.allocUnsafeSlow(PERIOD + LONGEST_BYTES)
for (let i = 0; i < SOURCE.length; i++) SOURCE[i] = (Math.imul(i % PERIOD, 2654435761) >>> 13) & 0xff

export function bytesOf(xid: number, from: number, to: number): Buffer {
  const skew = xid % PERIOD
  return SOURCE.subarray(skew + from, skew + to)
}

export function knownHead(id: string, xid: number, size: number, ttl_ms = 1e12): ObjectHead {
  const times = { t_origin_ms: 0, ttl_ms, grace_ms: 0, keep_ms: 0 }
  const headText = `HTTP/1.1 200 OK\r\nX-Id: ${id}\r\nX-Xid: ${xid}\r\nX-Size: ${size}\r\n`
  return { xid, status: 200, reason: 'OK', fields: new Fields(), flags: 0, validatable: true, headText, ...times }
}

/** Stores such an object; false when there was no room. */
export function storeKnown(store: Store, id: string, xid: number, size: number, announced: boolean): boolean {
  const object = store.open(id, knownHead(id, xid, size), announced ? size : -1)
  if (object === undefined) return false
  const chunk = 50_000
  for (let at = 0; at < size && !object.body.windowed; at += chunk) object.body.append(bytesOf(xid, at, Math.min(size, at + chunk)))
  if (object.body.windowed) object.body.fail()
  else object.body.complete()
  return object.live
}

/** Every byte of the object, or an error. True when all of it could be had, false when it broke off. */
export async function isKnown(object: StoredObject, id: string): Promise<boolean> {
  const { xid, headText } = object.head
  const size = Number(/X-Size: (\d+)\r\n$/.exec(headText)?.[1])
  if (headText !== knownHead(id, xid, size).headText) throw new Error(`the head of ${id} says ${headText}`)
  const { whole } = object.body
  if (whole !== undefined) {
    if (whole.length !== size || !whole.equals(bytesOf(xid, 0, size))) throw new Error(`wrong bytes in ${id}`)
    return true
  }
  const reader = object.body.read(0)
  let at = 0
  try {
    for (;;) {
      const piece = reader.next()
      if (piece !== undefined) {
        if (!piece.equals(bytesOf(xid, at, at + piece.length))) throw new Error(`wrong bytes in ${id} at ${at}`)
        at += piece.length
      } else if (reader.failed) return false
      else if (!reader.done) await new Promise<void>((resolve) => (reader.onMore = resolve))
      else if (at === size) return true
      else throw new Error(`${id} ended after ${at} of ${size} bytes`)
    }
  } finally {
    reader.release()
  }
}

/** As a worker looks: waits for the disk where it must. */
export async function seekKnown(store: Store, id: string): Promise<'hit' | 'miss' | 'broken'> {
  for (let looks = 0; ; looks++) {
    store.newRun()
    const object = looks < 4 ? store.seek(id) : store.find(id)
    const cold = store.cold ?? object?.cold
    store.cold = undefined
    if (cold !== undefined && looks < 4) await new Promise<void>((resolve) => cold.thaw(resolve))
    else if (object === undefined) return 'miss'
    else return (await isKnown(object, id)) ? 'hit' : 'broken'
  }
}
