import type { CommonContext, VclBackend } from '../../vcl/runtime/context.ts'
import { isHealthy } from '../../vcl/runtime/directors.ts'
import { VclFailure } from '../../vcl/runtime/failure.ts'
import { type DirectorDetails, type DirectorListed, memberObjects, memberRows } from './listing.ts'

export interface Member {
  readonly backend: VclBackend
  readonly weight: number
}

/** Rules may add at any time: somewhere it ends. */
const MEMBERS_MAX = 4096

/** What an operator says of a director (backend.set_health). */
export interface Told {
  /** Undefined: it is as its members are. */
  readonly verdict: boolean | undefined
  /** Epoch seconds. */
  readonly changed_s: number
}

/**
 * A backend that stands for several: plain ones, or directors again. It is healthy when one of them is, unless an operator says
 * otherwise; as in varnishd that is for whoever asks for its health (std.healthy, other directors), and it chooses all the same.
 * Each worker has its own, made by its own run of vcl_init.
 */
export abstract class Director implements VclBackend {
  readonly name: string
  abstract readonly type: string
  members: Member[] = []
  /** The same for all workers. */
  told: Told | undefined

  constructor(name: string) {
    this.name = name
  }

  /** The member for this task, itself perhaps a director. Undefined: none is healthy. */
  protected abstract pick(c: CommonContext): VclBackend | undefined

  choose(c: CommonContext): VclBackend | undefined {
    const picked = this.pick(c)
    return picked?.choose === undefined ? picked : picked.choose(c)
  }

  get healthy(): boolean {
    return this.told?.verdict ?? this.someHealthy()
  }

  protected someHealthy(): boolean {
    for (let i = 0; i < this.members.length; i++) if (this.members[i].backend.healthy) return true
    return false
  }

  /** The last change of it or of any of them, as VRT_Healthy() has it of a director. */
  get health_changed_s(): number {
    return this.members.reduce((latest, { backend }) => Math.max(latest, backend.health_changed_s ?? 0), this.told?.changed_s ?? 0)
  }

  listed(): DirectorListed {
    const { name, type, health_changed_s, members } = this
    const good = members.filter(({ backend }) => backend.healthy).length
    return { name, type, good, count: members.length, changed_s: health_changed_s, members: this.rows(), details: this.details() }
  }

  protected rows(): string[][] {
    return memberRows(this.members, 'Weight', () => '-')
  }

  protected details(): DirectorDetails {
    return { backends: memberObjects(this.members, () => ({})) }
  }

  healthyFor(c: CommonContext): boolean {
    return this.told?.verdict ?? this.someHealthyFor(c)
  }

  protected someHealthyFor(c: CommonContext): boolean {
    for (let i = 0; i < this.members.length; i++) if (isHealthy(this.members[i].backend, c)) return true
    return false
  }

  add(backend: VclBackend | undefined, weight = 1): void {
    this.members.push({ backend: this.asMember(backend, this.members.length), weight })
  }

  /** What may become one more member, or a failure. */
  protected asMember(backend: VclBackend | undefined, count: number): VclBackend {
    if (backend === undefined) throw new VclFailure(`${this.name}: None backend cannot be added`)
    if (count >= MEMBERS_MAX) throw new VclFailure(`${this.name}: a director has at most ${MEMBERS_MAX} backends`)
    if (backend === this || reaches(backend, this)) throw new VclFailure(`${this.name}: ${backend.name} would choose among itself`)
    return backend
  }

  /** The first of that name; nothing when there is none. */
  remove(backend: VclBackend | undefined): void {
    if (backend === undefined) throw new VclFailure(`${this.name}: None backend cannot be removed`)
    const i = this.members.findIndex((member) => member.backend === backend)
    if (i >= 0) this.members.splice(i, 1)
  }
}

/** Whether `from` may choose `wanted`. */
function reaches(from: VclBackend, wanted: VclBackend): boolean {
  if (!(from instanceof Director)) return false
  return from.members.some(({ backend }) => backend === wanted || reaches(backend, wanted))
}
