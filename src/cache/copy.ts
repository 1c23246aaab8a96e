import type { Body } from '../store/contract.ts'

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
