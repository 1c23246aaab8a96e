import { lookup as systemLookup } from 'node:dns'
import type { LookupAddress, LookupOptions } from 'node:dns'
import type { LookupFunction } from 'node:net'
import type { Clock } from '../base/clock.ts'

type Answer = (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void
export type Lookup = (host: string, options: { all: true; order: 'ipv4first' | 'ipv6first' }, answer: Answer) => void

interface Known {
  addresses: LookupAddress[]
  expires_ms: number
}

/**
 * Names are looked up when a connection is made, so that a changed record is followed and an unresolvable name
 * fails the fetch, not the load. Answers are kept for moments only: the point is one getaddrinfo per burst of
 * connections (each occupies a thread of libuv's pool). The table is bounded by the number of backends.
 */
export class Resolver {
  private readonly clock: Clock
  private readonly ttl_ms: number
  private readonly prefersIpv6: () => boolean
  private readonly system: Lookup
  private readonly known = new Map<string, Known>()
  private readonly asking = new Map<string, Answer[]>()

  constructor(clock: Clock, ttl_ms: number, prefersIpv6: () => boolean, system: Lookup = systemLookup) {
    this.clock = clock
    this.ttl_ms = ttl_ms
    this.prefersIpv6 = prefersIpv6
    this.system = system
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

  private addresses(host: string, answer: Answer): void {
    const known = this.known.get(host)
    if (known !== undefined && known.expires_ms > this.clock.mono_ms) return answer(null, known.addresses)
    const waiting = this.asking.get(host)
    if (waiting !== undefined) {
      waiting.push(answer)
      return
    }
    this.asking.set(host, [answer])
    this.system(host, { all: true, order: this.prefersIpv6() ? 'ipv6first' : 'ipv4first' }, (error, addresses) => {
      this.clock.refresh()
      this.answered(host, error, addresses)
    })
  }

  private answered(host: string, error: NodeJS.ErrnoException | null, addresses: LookupAddress[]): void {
    const waiting = this.asking.get(host) ?? []
    this.asking.delete(host)
    if (error === null) this.known.set(host, { addresses, expires_ms: this.clock.mono_ms + this.ttl_ms })
    else this.known.delete(host)
    for (const answer of waiting) answer(error, error === null ? addresses : [])
  }
}

function noAddress(host: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: 'ENOTFOUND', syscall: 'getaddrinfo' })
}
