import type { Body } from '../store/contract.ts'

/** Fills a body with what a complete one holds. */
export function copyBody(from: Body, to: Body): void {
  const reader = from.read(0)
  for (let piece = reader.next(); piece !== undefined; piece = reader.next()) to.append(piece)
  reader.release()
  to.complete()
}
