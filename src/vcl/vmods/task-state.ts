import type { CommonContext } from '../runtime/context.ts'

/**
 * What a module keeps for one task (a client request with its restarts, or a fetch with its retries), as PRIV_TASK does.
 * `key` is the module's own object.
 */
export class TaskKept<T> {
  private readonly make: () => T

  constructor(make: () => T) {
    this.make = make
  }

  of(c: CommonContext): T {
    const states = (c.module_state ??= new Map())
    const known = states.get(this) as T | undefined
    if (known !== undefined) return known
    const made = this.make()
    states.set(this, made)
    return made
  }

  /** Without making one. */
  peek(c: CommonContext): T | undefined {
    return c.module_state?.get(this) as T | undefined
  }
}
