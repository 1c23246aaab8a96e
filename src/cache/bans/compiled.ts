/** Patterns of one thread's bans that are compiled at the same time: each takes some 10 KB. */
export const COMPILED_MAX = 4096

export interface Compiled {
  /** It makes room for another one, and is compiled again when it is tested again. */
  forget(): void
}

/** Those that are compiled. The one that has been for longest makes room. */
export class CompiledPatterns {
  /** So many more may be compiled, a tenth of a millisecond each: bounded where somebody waits for it. */
  allowance = Infinity
  private readonly held: Compiled[] = []
  private next = 0

  /** May it be compiled now? Then it is about to be. */
  admits(pattern: Compiled): boolean {
    if (this.allowance <= 0) return false
    this.allowance--
    const { held, next } = this
    if (next < held.length) held[next].forget()
    held[next] = pattern
    this.next = (next + 1) % COMPILED_MAX
    return true
  }
}
