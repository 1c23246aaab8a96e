import type { CommonContext, VclBackend } from '../../vcl/runtime/context.ts'
import { isHealthy } from '../../vcl/runtime/directors.ts'
import { Director } from './director.ts'

/** Each member in its turn; the sick are passed over. */
export class RoundRobin extends Director {
  readonly type = 'round-robin'
  private next = 0

  protected pick(c: CommonContext): VclBackend | undefined {
    const { members } = this
    for (let tried = 0; tried < members.length; tried++) {
      const at = this.next % members.length
      this.next = (at + 1) % members.length
      if (isHealthy(members[at].backend, c)) return members[at].backend
    }
    return undefined
  }
}
