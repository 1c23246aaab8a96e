import { expect } from 'vitest'
import { Fields } from '../../../src/http/fields.ts'
import {
  APPEND_OK,
  APPEND_PAUSE,
  type Body,
  type BodyReader,
  type ObjectHead,
  type Store,
  type StoredObject,
} from '../../../src/store/contract.ts'

export const KIB = 1024
export const MIB = 1024 * KIB

/** Bytes that differ by seed and by place (a period that is no power of two). */
export function pattern(size_bytes: number, seed: number): Buffer {
  const bytes = Buffer.allocUnsafeSlow(size_bytes)
  for (let i = 0; i < size_bytes; i++) bytes[i] = (i % 251) + seed
  return bytes
}

export function head(shape: { xid?: number; lines?: number } = {}): ObjectHead {
  const fields = new Fields()
  let headText = 'HTTP/1.1 200 OK\r\n'
  for (let i = 0; i < (shape.lines ?? 3); i++) {
    fields.append(`X-Line-${i}`, `value ${i}`)
    headText += `X-Line-${i}: value ${i}\r\n`
  }
  return {
    xid: shape.xid ?? 1,
    status: 200,
    reason: 'OK',
    fields,
    t_origin_ms: 0,
    ttl_ms: 120_000,
    grace_ms: 0,
    keep_ms: 0,
    flags: 0,
    validatable: false,
    headText,
  }
}

/** Appends in chunks; APPEND_PAUSE if the last append said so. */
export function appendAll(body: Body, bytes: Buffer, chunk_bytes: number): typeof APPEND_OK | typeof APPEND_PAUSE {
  let said: typeof APPEND_OK | typeof APPEND_PAUSE = APPEND_OK
  for (let at = 0; at < bytes.length; at += chunk_bytes) said = body.append(bytes.subarray(at, at + chunk_bytes))
  return said
}

export function readAll(body: Body): Buffer {
  const reader = body.read(0)
  const bytes = Buffer.concat(pieces(reader))
  reader.release()
  return bytes
}

let opened = 0

/** An object to be filled, under an id that no other has. */
export function open(store: Store, expected_bytes: number, itsHead: ObjectHead = head()): StoredObject | undefined {
  return store.open(`object ${++opened}`, itsHead, expected_bytes)
}

/** The body of such an object, or what a response without room for one is streamed through. */
export function fill(store: Store, expected_bytes: number): Body {
  return open(store, expected_bytes)?.body ?? store.transit(expected_bytes)
}

/** A complete object in the store. */
export function stored(store: Store, bytes: Buffer): StoredObject {
  const object = open(store, bytes.length)
  if (object === undefined) throw new Error('no room')
  object.body.append(bytes)
  object.body.complete()
  return object
}

/** Everything there is to read now. */
export function pieces(reader: BodyReader): Buffer[] {
  const got: Buffer[] = []
  // A view is its reader's until the next.
  for (let piece = reader.next(); piece !== undefined; piece = reader.next()) got.push(Buffer.from(piece))
  return got
}

export function drain(reader: BodyReader): string {
  return Buffer.concat(pieces(reader)).toString()
}

/** Makes an empty store. Its extents may be of any size up to 256 KiB. */
export type MakeStore = (options: { capacity_bytes: number; transit_buffer_bytes: number }) => Store

export const ROOMY = { capacity_bytes: 64 * MIB, transit_buffer_bytes: MIB }

/** As `expect`, and cheap: a run of a model checks some 100,000 things. */
export function must(condition: boolean, what: string): void {
  if (!condition) expect.fail(`not so: ${what}`)
}
