import { lookup as systemLookup, Resolver as DnsClient } from 'node:dns'
import type { LookupAddress, LookupOptions, RecordWithTtl } from 'node:dns'
import type { LookupFunction } from 'node:net'
import type { Clock } from '../base/clock.ts'

type Answer = (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void
export type Lookup = (host: string, options: { all: true; order: 'ipv4first' | 'ipv6first' }, answer: Answer) => void
/** The records of a name, with how long they may be kept; none when DNS does not know it. */
export type Records = (host: string, answer: (records: readonly RecordWithTtl[]) => void) => void

/** Where names are looked up. */
export interface NameSources {
  /** What the system says: its hosts file, DNS, and whatever else it is told to ask. */
  readonly system: Lookup
  /** What DNS says: how long its answers may be kept is what getaddrinfo does not tell. */
  readonly dns: Records
}

interface Known {
  readonly host: string
  addresses: LookupAddress[]
  /** Why they are not to be used. */
  error: NodeJS.ErrnoException | null
  asked_ms: number
  expires_ms: number
  /** Moves when there are others. */
  version: number
  /** Which is first next time. */
  turn: number
}

/** As whoever makes connections sees it. */
export interface Names {
  readonly lookup: LookupFunction
  /** Moves when the name has other addresses. */
  versionOf(host: string): number
}

/** How long addresses are believed, of which DNS says this; undefined: it does not know the name. */
export type Keep = (dns_ms: number | undefined) => number

/** Of a name for which no record tells: the hosts file's, say. */
const UNTOLD_MS = 5000
/** Whoever says "ask again at once" is asked every second. */
const TTL_MIN_MS = 1000
const TTL_MAX_MS = 86_400_000
/** A name that is not there is asked for so often at most, however many want it. */
const FAILED_MS = 1000
/** While the name server cannot be asked, the addresses that were known are used on for so long (RFC 8767 section 5). */
const STALE_MAX_MS = 3_600_000
/** getaddrinfo occupies a thread of a pool that the whole process shares, for many seconds when a name server is silent. */
const AT_ONCE_MAX = 2
/** Names that are remembered: those of backends are few, dynamic ones may be many. */
const NAMES_MAX = 1024

/**
 * Names are looked up when a connection is made, so that a changed record is followed and an unresolvable name fails the fetch,
 * not the load. The system is asked for addresses, DNS beside it for how long they may be kept: with that an answer from the hosts file, or
 * under a search domain, is as good as one from DNS. Several addresses take turns at being first; who connects tries the others after it.
 */
export class Resolver implements Names {
  private readonly clock: Clock
  private readonly keep: Keep
  private readonly prefersIpv6: () => boolean
  private readonly sources: NameSources
  private readonly known = new Map<string, Known>()
  private readonly asking = new Map<string, Answer[]>()
  /** Questions to the system that wait for others. */
  private readonly queue: (() => void)[] = []
  private running = 0

  constructor(clock: Clock, prefersIpv6: () => boolean, sources: NameSources = SYSTEM, keep: Keep = asTold) {
    this.clock = clock
    this.keep = keep
    this.prefersIpv6 = prefersIpv6
    this.sources = sources
  }

  /** In the shape net.connect wants; it asks for all addresses when it may try several. */
  readonly lookup: LookupFunction = (host, options: LookupOptions, callback) => {
    this.addresses(host, (error, found) => {
      const addresses = options.family ? found.filter((one) => one.family === options.family) : found
      const first = addresses[0]
      if (error !== null || first === undefined) return callback(error ?? noAddress(host), '', 4)
      if (options.all) callback(null, addresses)
      else callback(null, first.address, first.family)
    })
  }

  /**
   * Moves when the name has other addresses than before: connections to those are not to be used for ever. What is no longer to be
   * believed is asked for again meanwhile.
   */
  versionOf(host: string): number {
    const known = this.known.get(host)
    if (known === undefined) return 0
    if (known.expires_ms <= this.clock.mono_ms && !this.asking.has(host)) this.ask(host, [])
    return known.version
  }

  private addresses(host: string, answer: Answer): void {
    const known = this.known.get(host)
    if (known !== undefined && known.expires_ms > this.clock.mono_ms) return answer(known.error, inTurn(known))
    const waiting = this.asking.get(host)
    if (waiting !== undefined) waiting.push(answer)
    else this.ask(host, [answer])
  }

  private ask(host: string, waiting: Answer[]): void {
    this.asking.set(host, waiting)
    let ttl_ms: number | undefined
    let answered: Known | undefined
    this.sources.dns(host, (records) => {
      ttl_ms = ttlOf(records)
      if (answered?.error === null) this.expire(answered, ttl_ms)
    })
    this.askSystem(host, (error, addresses) => {
      this.clock.refresh()
      answered = this.remember(host, error, error === null ? addresses : [])
      if (error === null) this.expire(answered, ttl_ms)
      this.asking.delete(host)
      for (const answer of waiting) answer(answered.error, inTurn(answered))
    })
  }

  private askSystem(host: string, answer: Answer): void {
    if (this.running >= AT_ONCE_MAX) return void this.queue.push(() => this.askSystem(host, answer))
    this.running++
    this.sources.system(host, { all: true, order: this.prefersIpv6() ? 'ipv6first' : 'ipv4first' }, (error, addresses) => {
      this.running--
      answer(error, addresses)
      this.queue.shift()?.()
    })
  }

  private remember(host: string, error: NodeJS.ErrnoException | null, addresses: LookupAddress[]): Known {
    const now_ms = this.clock.mono_ms
    const known = this.known.get(host) ?? { host, addresses: [], error: null, asked_ms: now_ms, expires_ms: 0, version: 0, turn: 0 }
    // Last in the order of the map: the first is the one that has been asked for longest ago.
    this.known.delete(host)
    const [oldest] = this.known.size < NAMES_MAX ? [] : this.known.keys()
    if (oldest !== undefined) this.known.delete(oldest)
    this.known.set(host, known)
    return this.update(known, error, addresses)
  }

  /** After a failure connections that are there are used on. */
  private update(known: Known, error: NodeJS.ErrnoException | null, addresses: LookupAddress[]): Known {
    const now_ms = this.clock.mono_ms
    if (error !== null) {
      const goesOn = error.code === 'EAI_AGAIN' && known.addresses.length > 0 && now_ms - known.asked_ms < STALE_MAX_MS
      known.error = goesOn ? null : error
      known.expires_ms = now_ms + FAILED_MS
      return known
    }
    if (setOf(known.addresses) !== setOf(addresses)) known.version++
    known.asked_ms = now_ms
    known.addresses = addresses
    known.error = null
    return known
  }

  private expire(known: Known, ttl_ms: number | undefined): void {
    known.expires_ms = known.asked_ms + Math.min(Math.max(this.keep(ttl_ms), TTL_MIN_MS), TTL_MAX_MS)
  }
}

function asTold(dns_ms: number | undefined): number {
  return dns_ms ?? UNTOLD_MS
}

/** In milliseconds; undefined: DNS does not know the name. */
function ttlOf(records: readonly RecordWithTtl[]): number | undefined {
  return records.length === 0 ? undefined : Math.min(...records.map(({ ttl }) => ttl)) * 1000
}

function setOf(addresses: readonly LookupAddress[]): string {
  return addresses
    .map(({ address }) => address)
    .toSorted()
    .join(' ')
}

/** Another one of each kind first, each time; the kind that is preferred stays so. */
function inTurn(known: Known): LookupAddress[] {
  const { addresses } = known
  if (addresses.length < 2) return addresses
  const turn = known.turn++
  const [first] = addresses
  const kinds = [addresses.filter(({ family }) => family === first.family), addresses.filter(({ family }) => family !== first.family)]
  return kinds.flatMap((kind) => kind.map((_, i) => kind[(i + turn) % kind.length]))
}

/** Only addresses that are allowed. */
export function only(lookup: LookupFunction, allows: (address: string) => boolean): LookupFunction {
  return (host, options, callback) =>
    lookup(host, { ...options, all: true }, (error, addresses) => {
      const found = error === null ? (addresses as LookupAddress[]).filter(({ address }) => allows(address)) : []
      if (error !== null || found.length === 0) return callback(error ?? noAddress(host), '', 4)
      if (options.all) callback(null, found)
      else callback(null, found[0].address, found[0].family)
    })
}

function noAddress(host: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: 'ENOTFOUND', syscall: 'getaddrinfo' })
}

const DNS_TIMEOUT_MS = 2000
const DNS_TRIES = 2

let client: DnsClient | undefined

const SYSTEM: NameSources = {
  system: systemLookup,
  dns: (host, answer) => {
    client ??= new DnsClient({ timeout: DNS_TIMEOUT_MS, tries: DNS_TRIES })
    const found: RecordWithTtl[] = []
    let waiting = 2
    const heard = (error: unknown, records: readonly RecordWithTtl[]): void => {
      if (error === null) found.push(...records)
      if (--waiting === 0) answer(found)
    }
    client.resolve4(host, { ttl: true }, heard)
    client.resolve6(host, { ttl: true }, heard)
  },
}
