import type { CommonContext, VclBackend } from '../../vcl/runtime/context.ts'
import type { ShardArguments, ShardDirector, ShardMember, ShardValues } from '../../vcl/runtime/directors.ts'
import { VclFailure } from '../../vcl/runtime/failure.ts'
import { Director } from './director.ts'
import { hash32 } from './hash32.ts'
import { type DirectorDetails, type DirectorListed, memberObjects, memberRows } from './listing.ts'
import { DEFAULTS, given, type Given, inFetch, keyFor, type Params, paramsOf } from './shard-param.ts'
import { pick } from './shard-pick.ts'
import { identOf, type RingMember, ShardRing } from './shard-ring.ts'

const REPLICAS = 67

/** A change that waits for .reconfigure(), or for the next choice. */
type Change =
  | { readonly kind: 'clear' }
  | {
      readonly kind: 'add'
      readonly backend: VclBackend
      readonly ident: string | undefined
      readonly rampup_s: number | undefined
      readonly weight: number
    }
  | { readonly kind: 'remove'; readonly backend: VclBackend | undefined; readonly ident: string | undefined }

/** More than any set of rules needs between two choices. */
const CHANGES_MAX = 10_000

/** What a fetch has asked for with .backend(), for when the director is resolved. */
interface Asked {
  readonly values: Given
  readonly params: Params | undefined
}

/** Consistent hashing with warmup and rampup, as libvmod-directors does it: the same members, the same choices. */
export class Shard extends Director implements ShardDirector {
  readonly type = 'shard'
  private ring: ShardRing | undefined
  private changes: Change[] = []
  private warmup = 0
  private rampup_s = 0
  private params: Params | undefined
  private readonly random: () => number

  constructor(name: string, random: () => number) {
    super(name)
    this.random = random
  }

  setWarmup(probability: number): void {
    if (probability >= 0 && probability < 1) this.warmup = probability
  }

  setRampup(seconds: number): void {
    this.rampup_s = Math.max(seconds, 0)
  }

  associate(handle: Uint8Array | undefined): void {
    this.params = handle === undefined ? undefined : paramsOf(handle, `${this.name}: shard .associate`)
  }

  addMember({ backend, ident, rampup_s, weight = 1 }: ShardMember): void {
    const member = this.asMember(backend, this.members.length)
    this.change({ kind: 'add', backend: member, ident: ident === '' ? undefined : ident, rampup_s, weight: weight >= 1 ? weight : 1 })
  }

  removeMember(backend: VclBackend | undefined, ident: string | undefined): void {
    if (backend === undefined && ident === undefined)
      throw new VclFailure(`${this.name}: .remove_backend(): either backend or ident are required`)
    this.change({ kind: 'remove', backend, ident: ident === '' ? undefined : ident })
  }

  clear(): void {
    this.changes = []
    this.change({ kind: 'clear' })
  }

  reconfigure(replicas: number): boolean {
    if (replicas <= 0) return false
    if (this.changes.length === 0) return true
    const { changes } = this
    this.changes = []
    const members = changes.reduce((made, change) => changed(made, change, replicas), this.ring?.members ?? [])
    this.ring = members.length === 0 ? undefined : new ShardRing(members)
    this.members = members.map(({ backend }) => ({ backend, weight: 1 }))
    return members.length > 0
  }

  key(text: string): number {
    return hash32(text)
  }

  backend(
    c: CommonContext,
    args: ShardArguments,
    handle: Uint8Array | undefined,
    resolve: 'NOW' | 'LAZY' | undefined,
  ): VclBackend | undefined {
    const plain = handle === undefined && Object.values(args).every((one) => one === undefined)
    const when = resolve ?? (c.side === 'house' ? 'LAZY' : 'NOW')
    if (when === 'LAZY' && plain) return this
    if (when === 'LAZY' && !inFetch(c)) {
      throw new VclFailure(`${this.name}: .backend(resolve=LAZY) with other parameters can only be used in backend/pipe context`)
    }
    if (when === 'NOW' && c.side === 'house') {
      throw new VclFailure(`${this.name}: .backend(resolve=NOW) can not be used in vcl_init{}/vcl_fini{}`)
    }
    const params = handle === undefined ? undefined : paramsOf(handle, `${this.name}: .backend()`)
    const asked = { values: given(`${this.name}: shard.backend()`, args), params }
    if (inFetch(c)) (c.module_state ??= new Map()).set(this, asked)
    return when === 'LAZY' ? this : this.pickFor(c, asked)
  }

  override listed(): DirectorListed {
    this.reconfigure(REPLICAS)
    return super.listed()
  }

  protected override rows(): string[][] {
    return memberRows(this.ring?.members ?? [], 'Ident', identOf)
  }

  protected override details(): DirectorDetails {
    const backends = memberObjects(this.ring?.members ?? [], (member) => ({ ident: identOf(member) }))
    return { warmup: this.warmup, rampup_duration: this.rampup_s, backends }
  }

  protected override someHealthy(): boolean {
    this.reconfigure(REPLICAS)
    return super.someHealthy()
  }

  protected override someHealthyFor(c: CommonContext): boolean {
    this.reconfigure(REPLICAS)
    return super.someHealthyFor(c)
  }

  protected pick(c: CommonContext): VclBackend | undefined {
    return this.pickFor(c, inFetch(c) ? (c.module_state?.get(this) as Asked | undefined) : undefined)
  }

  private pickFor(c: CommonContext, asked: Asked | undefined): VclBackend | undefined {
    this.reconfigure(REPLICAS)
    if (this.ring === undefined) return undefined
    const params = asked?.params ?? this.params
    const values: ShardValues = { ...(params?.values(c) ?? DEFAULTS), ...asked?.values }
    const { warmup, rampup_s, random } = this
    return pick(this.ring, keyFor(c, values), values, { c, now_s: c.now(), warmup, rampup_s, random })?.backend
  }

  private change(change: Change): void {
    if (this.changes.length >= CHANGES_MAX) throw new VclFailure(`${this.name}: more than ${CHANGES_MAX} changes without .reconfigure()`)
    this.changes.push(change)
  }
}

function changed(members: readonly RingMember[], change: Change, replicas: number): readonly RingMember[] {
  if (change.kind === 'clear') return []
  if (change.kind === 'remove') return members.filter((member) => !isRemoved(member, change))
  if (members.some((member) => isSame(member, change))) return members
  const { backend, ident, rampup_s, weight } = change
  return [...members, { backend, ident, rampup_s, replicas: Math.trunc(replicas * weight) }]
}

/** One place on the ring is one ident, which is the backend's name where none is given. */
function isSame(
  a: { backend: VclBackend; ident: string | undefined },
  b: { backend: VclBackend | undefined; ident: string | undefined },
): boolean {
  if (a.ident === undefined && b.ident === undefined) return a.backend === b.backend
  return (a.ident ?? a.backend.name) === (b.ident ?? b.backend?.name)
}

function isRemoved(member: RingMember, task: Extract<Change, { kind: 'remove' }>): boolean {
  return task.ident === undefined ? member.backend === task.backend : isSame(member, task)
}
