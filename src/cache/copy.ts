import type { Body } from '../store/contract.ts'

/** A body of more than this is not copied when its object left the store while it was validated. */
export const REVIVED_MAX_BYTES = 1024 * 1024

/** Fills a body with what a complete one holds; false, and it has failed, when that is not all in memory. */
export function copyBody(from: Body, to: Body): boolean {
  const reader = from.read(0)
  for (let piece = reader.next(); piece !== undefined; piece = reader.next()) to.append(piece)
  const all = reader.done
  reader.release()
  if (all) to.complete()
  else to.fail()
  return all
}
