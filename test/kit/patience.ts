/** How long anything is waited for before the conversation is declared stuck: less than a test may take, and longer than a busy machine holds a process up. */
export const PATIENCE_MS = 15_000

/** Waits for facts: a predicate is asked again at each `fire`. All waits end when the conversation fails or their time is up. */
export class Signal {
  private readonly waiting = new Set<() => void>()
  private readonly patience: Patience

  constructor(patience: Patience) {
    this.patience = patience
    patience.signals.add(this)
  }

  fire(): void {
    for (const ask of Array.from(this.waiting)) ask()
  }

  until(what: () => string, fact: () => boolean, forever = false): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (error: unknown) => {
        clearTimeout(timer)
        this.waiting.delete(ask)
        if (error === undefined) resolve()
        else reject(error)
      }
      const ask = () => {
        try {
          if (fact()) settle(undefined)
          else if (this.patience.over !== undefined) settle(this.patience.over)
        } catch (error) {
          settle(error)
        }
      }
      const timer = forever ? undefined : setTimeout(() => settle(this.patience.exhausted(what())), this.patience.patience_ms)
      this.waiting.add(ask)
      ask()
    })
  }
}

/** The end of all waiting in one conversation. */
export class Patience {
  readonly patience_ms: number
  readonly signals = new Set<Signal>()
  over: Error | undefined

  constructor(patience_ms = PATIENCE_MS) {
    this.patience_ms = patience_ms
  }

  /** Ends every wait, present and future, with this error. */
  end(error: Error): void {
    this.over ??= error
    for (const signal of this.signals) signal.fire()
  }

  exhausted(what: string): Error {
    return new Error(`waited ${this.patience_ms} ms in vain: ${what}`)
  }

  /** For facts that announce themselves to nobody: asks on turns of the event loop, then every millisecond. */
  async until(what: string, fact: () => boolean): Promise<void> {
    const until_ms = performance.now() + this.patience_ms
    for (let turn = 0; !fact(); turn++) {
      if (this.over !== undefined) throw this.over
      if (performance.now() > until_ms) throw this.exhausted(what)
      await new Promise((resolve) => (turn < 50 ? setImmediate(resolve) : setTimeout(resolve, 1)))
    }
  }

  /** For what must be asked for anew each time: every millisecond, so that what it waits for has its turn. */
  async asking(what: string, fact: () => Promise<boolean>): Promise<void> {
    const until_ms = performance.now() + this.patience_ms
    while (!(await fact())) {
      if (performance.now() > until_ms) throw this.exhausted(what)
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
  }
}
