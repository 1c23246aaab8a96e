import { parseIp } from '../../base/ip.ts'
import type { BackendDeclaration, VclBackend } from '../../vcl/runtime/context.ts'
import type { DynamicDirector, DynamicOptions } from '../../vcl/runtime/directors.ts'
import { VclFailure } from '../../vcl/runtime/failure.ts'
import type { Keep } from '../resolve.ts'

/** How names of a director are looked up. */
export interface Naming {
  readonly keep: Keep
  /** Addresses that may be used. */
  readonly allows: ((address: string) => boolean) | undefined
}

/** Opens backends while rules run. */
export interface Opener {
  /** What all backends of a director share. */
  director(naming: Naming): { open(declared: BackendDeclaration): VclBackend }
  close(backend: VclBackend): void
}

/** Names may come from clients: somewhere it ends. The one that nobody has asked for longest makes room. */
const DOMAINS_MAX = 256

const HOST = /^(?=.{1,253}$)[0-9A-Za-z_](?:[0-9A-Za-z_.-]*[0-9A-Za-z_.])?$/
const SERVICES: Readonly<Record<string, string>> = { http: '80', https: '443', 'http-alt': '8080' }

interface Domain {
  readonly backend: VclBackend
  used_s: number
}

/** dynamic.director(): a backend for each host and port that is asked for, which follows what the name means. */
export class Dynamic implements DynamicDirector {
  private readonly name: string
  private readonly options: DynamicOptions
  private readonly opener: Opener
  private readonly made: ReturnType<Opener['director']>
  /** By host and port; the one that was used longest ago first. */
  private readonly domains = new Map<string, Domain>()

  constructor(name: string, options: DynamicOptions, opener: Opener) {
    const { whitelist, via } = options
    if (via !== undefined && proxyOf(via) === undefined) throw new VclFailure(`${name}: via must be a backend with an address`)
    this.name = name
    this.options = options
    this.opener = opener
    const allows = whitelist && ((address: string) => allowed(whitelist, address))
    this.made = opener.director({ keep: keepOf(options), allows })
  }

  backend(host: string, port: string | undefined, now_s: number): VclBackend | undefined {
    const wanted = portOf(port ?? this.options.port)
    const plain = host.startsWith('[') ? host.slice(1, -1) : host
    if (wanted === undefined || !(HOST.test(plain) || parseIp(plain, 0) !== undefined)) return undefined
    const name = `${this.name}(${plain.toLowerCase()}:${wanted})`
    const known = this.domains.get(name)
    const domain = known ?? { backend: this.open(name, plain.toLowerCase(), wanted, now_s), used_s: now_s }
    domain.used_s = now_s
    // Last in the order of the map.
    this.domains.delete(name)
    this.domains.set(name, domain)
    return domain.backend
  }

  private open(name: string, host: string, port: string, now_s: number): VclBackend {
    for (const [unused, { used_s }] of this.domains) {
      const expired = now_s - used_s > this.options.domain_usage_timeout_s
      if (!expired && this.domains.size < DOMAINS_MAX) break
      this.giveUp(unused)
    }
    return this.made.open(declarationOf(this.options, name, host, port))
  }

  private giveUp(name: string): void {
    const domain = this.domains.get(name)
    this.domains.delete(name)
    if (domain !== undefined) this.opener.close(domain.backend)
  }
}

function declarationOf(options: DynamicOptions, name: string, host: string, port: string): BackendDeclaration {
  const { via } = options
  const through = via && proxyOf(via)
  return {
    name,
    none: false,
    host,
    port,
    path: undefined,
    host_header: options.host_header,
    connect_timeout_s: options.connect_timeout_s,
    first_byte_timeout_s: options.first_byte_timeout_s,
    between_bytes_timeout_s: options.between_bytes_timeout_s,
    max_connections: options.max_connections,
    preamble: undefined,
    via: via?.name,
    ...(through === undefined ? {} : { through }),
    authority: options.authority,
    wait_limit: options.wait_limit,
    wait_timeout_s: options.wait_timeout_s,
    proxy_header: options.proxy_header,
    probe: options.probe,
    tls: options.tls,
  }
}

interface Address {
  readonly host: string | undefined
  readonly port: number
  readonly path: string | undefined
}

/** Where a proxy is; backends of this folder know. */
function proxyOf(backend: VclBackend): BackendDeclaration['through'] {
  const { spec } = backend as VclBackend & { readonly spec?: Address & { readonly none: boolean } }
  return spec === undefined || spec.none ? undefined : { host: spec.host, port: String(spec.port), path: spec.path }
}

function portOf(text: string): string | undefined {
  const port = SERVICES[text] ?? text
  return /^[0-9]{1,5}$/.test(port) && Number(port) > 0 && Number(port) < 65_536 ? port : undefined
}

function allowed(whitelist: NonNullable<DynamicOptions['whitelist']>, address: string): boolean {
  const ip = parseIp(address, 0)
  const found = ip && whitelist.find(ip)
  return found !== undefined && !found.negated
}

/** Of what DNS says and what the rules say, in milliseconds. */
const KEEPS: Readonly<Record<DynamicOptions['ttl_from'], (dns_ms: number, ttl_ms: number) => number>> = {
  cfg: (_dns_ms, ttl_ms) => ttl_ms,
  dns: (dns_ms) => dns_ms,
  min: Math.min,
  max: Math.max,
}

function keepOf({ ttl_s, ttl_from }: DynamicOptions): Keep {
  const keep = KEEPS[ttl_from]
  return (dns_ms) => keep(dns_ms ?? ttl_s * 1000, ttl_s * 1000)
}
