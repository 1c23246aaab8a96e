import type { CommonContext, VclBackend } from '../../vcl/runtime/context.ts'
import { isHealthy } from '../../vcl/runtime/directors.ts'
import { Director } from './director.ts'
import { type DirectorDetails, memberObjects, memberRows } from './listing.ts'

/** The first healthy member in the order in which they were added. A sticky one stays with its choice while that is healthy. */
export class Fallback extends Director {
  readonly type = 'fallback'
  private readonly sticky: boolean
  private current = 0

  constructor(name: string, sticky: boolean) {
    super(name)
    this.sticky = sticky
  }

  protected pick(c: CommonContext): VclBackend | undefined {
    const { members } = this
    if (!this.sticky || this.current >= members.length) this.current = 0
    for (let tried = 0; tried < members.length; tried++) {
      const { backend } = members[this.current]
      if (isHealthy(backend, c)) return backend
      this.current = (this.current + 1) % members.length
    }
    return undefined
  }

  protected override rows(): string[][] {
    const current = this.place()
    return memberRows(this.members, 'Current', (_member, i) => (i === current ? '*' : ''))
  }

  protected override details(): DirectorDetails {
    const current = this.place()
    return { sticky: this.sticky, backends: memberObjects(this.members, (_member, i) => ({ current: i === current })) }
  }

  private place(): number {
    return this.sticky ? this.current : this.members.findIndex(({ backend }) => backend.healthy)
  }

  /** Keeps its place among those that stay (vdir_remove_backend). */
  override remove(backend: VclBackend | undefined): void {
    const i = this.members.findIndex((member) => member.backend === backend)
    super.remove(backend)
    if (i >= 0 && this.current > i) this.current--
    if (this.current >= this.members.length) this.current = 0
  }
}
