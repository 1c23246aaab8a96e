import { Fields } from '../http/fields.ts'
import { appendLines, fieldLine } from '../http/write.ts'
import type { ObjectHead } from '../store/contract.ts'

/**
 * Fields that the origin sends to this cache alone, such as Surrogate-Control: no client gets them, but what they say must be there when the
 * response is validated, and when its origin fails. They are kept beside the head.
 */

/** Takes the fields out and returns their lines; undefined when there are none. */
export function hide(fields: Fields, consumed: readonly string[]): string | undefined {
  let lines: string | undefined
  for (const key of consumed) {
    if (!fields.has(key)) continue
    for (let i = fields.indexOf(key, 0); i >= 0; i = fields.indexOf(key, i + 1)) {
      lines = (lines ?? '') + fieldLine(fields.names[i], fields.values[i])
    }
    fields.delete(key)
  }
  return lines
}

/** All that the origin sent. */
export function wholeFields({ fields, hiddenText }: ObjectHead): Fields {
  if (hiddenText === undefined) return fields
  const whole = new Fields()
  whole.copyFrom(fields)
  appendLines(whole, hiddenText)
  return whole
}

/** The head with all that the origin sent. */
export function revealed(head: ObjectHead): ObjectHead {
  if (head.hiddenText === undefined) return head
  const { xid, status, reason, t_origin_ms, ttl_ms, grace_ms, keep_ms, flags, validatable, headText } = head
  const fields = wholeFields(head)
  return { xid, status, reason, fields, t_origin_ms, ttl_ms, grace_ms, keep_ms, flags, validatable, headText }
}
