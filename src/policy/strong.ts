import type { Fields } from '../http/fields.ts'
import { isWeak, stronglyEqual } from './conditional.ts'
import { strongDate } from './ranges.ts'

/** A validator strong enough to combine by, as If-Range has it (RFC 9110 section 13.1.5); undefined without one. */
export function strongValidator(stored: Fields): string | undefined {
  const etag = stored.get('etag')
  if (etag === undefined) return strongDate(stored)
  return isWeak(etag) ? undefined : etag
}

/** Do both say that they are of the same bytes (RFC 9111 section 3.4)? */
export function sameStrongValidator(a: Fields, b: Fields): boolean {
  const one = a.get('etag')
  const other = b.get('etag')
  if (one !== undefined || other !== undefined) return one !== undefined && other !== undefined && stronglyEqual(one, other)
  const date = strongDate(a)
  return date !== undefined && date === strongDate(b)
}
