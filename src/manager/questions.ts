import { Refused } from '../admin/refused.ts'
import type { Answers, Fault } from '../worker/config.ts'

/** The thread that was asked has ended. Its successor begins with what the manager knows. */
export class Ended extends Error {}

/** Questions to one worker that it has not answered yet: each is answered, or comes to an end with its thread or its time. */
export class Questions {
  private readonly name: string
  private readonly open = new Map<number, PromiseWithResolvers<unknown>>()
  private last = 0

  constructor(name: string) {
    this.name = name
  }

  async ask<K extends keyof Answers>(send: (id: number) => void, patience_ms: number): Promise<Answers[K]> {
    const id = ++this.last
    const answer = Promise.withResolvers<unknown>()
    const limit = setTimeout(() => answer.reject(new Error(`${this.name} does not answer`)), patience_ms)
    this.open.set(id, answer)
    try {
      send(id)
      return (await answer.promise) as Answers[K]
    } finally {
      clearTimeout(limit)
      this.open.delete(id)
    }
  }

  answered(id: number, answer: unknown): void {
    this.open.get(id)?.resolve(answer)
  }

  failed(id: number, fault: Fault): void {
    this.open.get(id)?.reject(fault.refused ? new Refused(400, fault.message) : new Error(fault.message))
  }

  ended(): void {
    for (const answer of this.open.values()) answer.reject(new Ended(`${this.name} has ended`))
  }
}
