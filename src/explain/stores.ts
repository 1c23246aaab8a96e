import type { ObjectHead, StoredObject } from '../store/contract.ts'
import { varySpec } from '../policy/vary.ts'
import type { NoteEntry } from './contract.ts'
import { seconds } from './freshness.ts'

/** What became of a response, in words. */

export function storedNote(object: StoredObject, how: 'stored' | 'validated' | 'stored as a part'): NoteEntry {
  const { head, store } = object
  const times = timesOf(head)
  // Whoever found no room in the store has a body without one.
  if (store === undefined) {
    const text = ['not stored: there was no room for it, or something newer is there already; it is delivered past the store']
    return { is: 'note', about: 'stored', text, facts: { stored: false, ...times } }
  }
  const vary = varySpec(head.fields)
  const text = [
    `${how} in store ${store.name} (${store.kind}) as object ${head.xid}: fresh for ${seconds(head.ttl_ms)} from when it was made, grace ${seconds(head.grace_ms)}, keep ${seconds(head.keep_ms)}`,
    ...(vary === '' ? [] : [`for requests that are alike in ${vary.replaceAll(',', ', ')} (Vary, RFC 9111 section 4.1)`]),
  ]
  return { is: 'note', about: 'stored', text, facts: { stored: true, store: store.name, object: head.xid, vary, ...times } }
}

function timesOf({ ttl_ms, grace_ms, keep_ms }: ObjectHead): Record<string, number> {
  return { lifetime_s: ttl_ms / 1000, grace_s: grace_ms / 1000, keep_s: keep_ms / 1000 }
}

export function markedNote(ttl_ms: number, pass: boolean): NoteEntry {
  const left = seconds(Math.max(0, ttl_ms))
  const text =
    ttl_ms <= 0
      ? 'not stored, and no marker is left: requests that come meanwhile wait for one another'
      : pass
        ? `not stored; a hit-for-pass marker: such requests are passed for ${left}`
        : `not stored; a hit-for-miss marker: for ${left} such requests do not wait for one another`
  return { is: 'note', about: 'stored', text: [text], facts: { stored: false, marker_s: Math.max(0, ttl_ms / 1000), hit_for_pass: pass } }
}
