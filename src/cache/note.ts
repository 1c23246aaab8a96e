import { Fields } from '../http/fields.ts'
import type { ObjectHead, StoredObject } from '../store/contract.ts'

/** Most Vary specifications remembered for one key; an origin that keeps changing its Vary loses the oldest variants. */
const SPECS_MAX = 4

/** A status that no response has: what is stored is not one, but a note. */
const NOTE_STATUS = 0

/** Longer than what it leads to. */
const NOTE_TTL_MS = 10 * 365 * 86_400_000

/**
 * What is stored under the key itself when its responses vary: the normalised Vary specifications seen, newest first, by which
 * to ask for the variants ('' is a response without Vary). Ids of variants contain the note's era, so that all variants
 * of a key leave with its note: nobody can name them any more.
 */
export function noteHead(era: string, specs: readonly string[], now_ms: number): ObjectHead {
  return {
    xid: 0,
    status: NOTE_STATUS,
    reason: era,
    fields: new Fields(),
    t_origin_ms: now_ms,
    ttl_ms: NOTE_TTL_MS,
    grace_ms: 0,
    keep_ms: 0,
    flags: 0,
    validatable: false,
    headText: specs.join('\n'),
  }
}

/**
 * What is stored for requests that prefer one language to all others: the second key of the variant that has it. It lasts as long as
 * the response does.
 */
export function leadHead(secondary: string, to: ObjectHead): ObjectHead {
  return { ...headBeside(to), headText: secondary }
}

/** No response's: it says nothing of itself, and lasts as long as the response that it is stored with. */
export function headBeside({ t_origin_ms, ttl_ms, grace_ms, keep_ms }: ObjectHead): ObjectHead {
  return { ...noteHead('', [], t_origin_ms), ttl_ms, grace_ms, keep_ms }
}

/** What is stored beside the note of a key: second keys of variants that may be named to the origin. */
export function listHead(seconds: readonly string[], now_ms: number): ObjectHead {
  return { ...noteHead('', [], now_ms), headText: seconds.join('\0') }
}

export function listedIn(list: StoredObject): string[] {
  return list.head.headText.split('\0')
}

export function isNote(object: StoredObject): boolean {
  return object.head.status === NOTE_STATUS
}

export function eraOf(note: StoredObject): string {
  return note.head.reason
}

export function specsOf(note: StoredObject): string[] {
  return note.head.headText.split('\n')
}

/** The specifications with `spec` in front. */
export function withSpec(specs: readonly string[], spec: string): string[] {
  return [spec, ...specs.filter((one) => one !== spec)].slice(0, SPECS_MAX)
}
