/** A broken invariant: our own mistake, never the operator's or the network's. It ends the worker, not the cache. */
export class AssertionError extends Error {
  override readonly name = 'AssertionError'
}

/** Checks an invariant where it is assumed. `message` is a constant, so that a check that holds costs one branch. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionError(message)
}

/** The end of a switch that handles every member of a union: adding a member stops it from compiling. */
export function unreachable(value: never): never {
  throw new AssertionError(`unreachable: ${String(value)}`)
}
