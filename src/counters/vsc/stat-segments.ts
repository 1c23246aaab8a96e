import type { Cluster, Segment, SegmentSet } from '../../shm/vsm/segment-set.ts'
import { write } from '../../shm/vsm/segment-set.ts'
import { splitInstance } from '../backend-instance.ts'
import type { CounterSet } from '../counters.ts'
import { COUNTER_CLASSES, type CounterClass } from '../table.ts'
import { docIdent, docPayload, HEAD_BYTES, HIDDEN, putValue, READY, statPayload } from './stat-doc.ts'

/**
 * Counters as segments that others read: the sums of all workers' blocks, written when they have changed. By a system call, not through a
 * mapping: files come and go with rule sets, mappings cannot be undone, and a full disk has an error code. Readers that have the file
 * mapped see what is written.
 */

/** Bytes of a file that are written together. */
interface Region {
  readonly fd: number
  readonly offset: number
  readonly bytes: Buffer
  changed: boolean
}

interface Stat {
  readonly kind: CounterClass
  readonly instance: string
  readonly segment: Segment
  readonly words: Uint32Array
  /** Of it the one that says whether it is to be seen. */
  readonly ready: Uint32Array
  readonly region: Region
  /** The members of a rule set's backends share a file. */
  readonly cluster: ClusterOf | undefined
}

interface ClusterOf {
  readonly cluster: Cluster
  readonly region: Region
  members: number
}

export class StatSegments {
  private readonly set: SegmentSet
  private readonly counters: CounterSet
  private readonly kinds: readonly CounterClass[]
  private readonly documented = new Set<CounterClass>()
  private readonly stats = new Map<string, Stat>()
  private seen = -1

  /** Of these classes. */
  constructor(set: SegmentSet, counters: CounterSet, kinds: readonly CounterClass[]) {
    this.set = set
    this.counters = counters
    this.kinds = kinds
    this.update()
  }

  /** What there is, and how much. Throws when there is no room for it; the next time may be better. */
  update(): void {
    const { counters } = this
    if (this.seen !== counters.changes) {
      this.follow()
      this.seen = counters.changes
    }
    for (const { kind, instance, words, ready, region } of this.stats.values()) {
      const wanted = kind === 'VBE' && counters.rests(splitInstance(instance).vcl) ? HIDDEN : READY
      if (ready[0] !== wanted) region.changed = true
      ready[0] = wanted
      const sums = counters.sum(kind, instance)
      for (let i = 0; i < sums.length; i++) if (putValue(words, i, sums[i])) region.changed = true
    }
    for (const { region } of this.stats.values()) flush(region)
  }

  private follow(): void {
    const wanted = new Map<string, readonly [CounterClass, string]>()
    for (const kind of this.kinds) for (const instance of this.counters.instances(kind)) wanted.set(`${kind}.${instance}`, [kind, instance])
    // First, so that names that come again are never there twice.
    for (const [key, stat] of this.stats) if (!wanted.has(key)) this.remove(key, stat)
    const backends = Map.groupBy(
      [...wanted.values()].filter(([kind, instance]) => kind === 'VBE' && !this.stats.has(`${kind}.${instance}`)),
      ([, instance]) => splitInstance(instance).vcl,
    )
    for (const [key, [kind, instance]] of wanted) if (kind !== 'VBE' && !this.stats.has(key)) this.add(kind, instance)
    for (const members of backends.values()) this.addCluster(members.map(([, instance]) => instance))
  }

  private add(kind: CounterClass, instance: string): void {
    this.describe(kind)
    const bytes = statPayload(kind)
    const segment = this.set.add('Stat', identOf(kind, instance), bytes)
    const region = { fd: segment.fd, offset: 0, bytes, changed: false }
    this.keep(kind, instance, segment, region, bytes, undefined)
  }

  private addCluster(instances: readonly string[]): void {
    this.describe('VBE')
    const { length } = statPayload('VBE')
    const cluster = this.set.cluster(length * instances.length)
    const region = { fd: cluster.fd, offset: cluster.end, bytes: Buffer.alloc(length * instances.length), changed: false }
    const shared = { cluster, region, members: 0 }
    for (const [i, instance] of instances.entries()) {
      const bytes = region.bytes.subarray(i * length, (i + 1) * length)
      bytes.set(statPayload('VBE'))
      const segment = this.set.addMember(cluster, 'Stat', identOf('VBE', instance), bytes)
      shared.members++
      this.keep('VBE', instance, segment, region, bytes, shared)
    }
  }

  private keep(kind: CounterClass, instance: string, segment: Segment, region: Region, bytes: Buffer, cluster?: ClusterOf): void {
    const words = new Uint32Array(bytes.buffer, bytes.byteOffset + HEAD_BYTES, (bytes.length - HEAD_BYTES) / 4)
    const ready = new Uint32Array(bytes.buffer, bytes.byteOffset, 1)
    this.stats.set(`${kind}.${instance}`, { kind, instance, segment, words, ready, region, cluster })
  }

  private remove(key: string, { segment, cluster }: Stat): void {
    this.stats.delete(key)
    this.set.remove(segment)
    if (cluster !== undefined && --cluster.members === 0) this.set.remove(cluster.cluster)
  }

  /** Before the first segment of its class. */
  private describe(kind: CounterClass): void {
    if (this.documented.has(kind)) return
    this.set.add('StatDoc', docIdent(kind), docPayload(kind))
    this.documented.add(kind)
  }
}

/** One word of the index: names of backends that rules make may be anything. */
function identOf(kind: CounterClass, instance: string): string {
  return instance === '' ? kind : `${kind}.${instance.replaceAll(/[^!-~]|["\\]/g, '_')}`
}

function flush(region: Region): void {
  if (!region.changed) return
  write(region.fd, region.bytes, region.offset)
  region.changed = false
}

/** MGT is the manager's, the rest are the workers'. */
export const CHILD_CLASSES = (Object.keys(COUNTER_CLASSES) as CounterClass[]).filter((kind) => kind !== 'MGT')
