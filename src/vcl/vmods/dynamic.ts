import type { Acl } from '../runtime/acl.ts'
import type { BackendContext, ClientContext, CommonContext, ProbeDeclaration, VclBackend } from '../runtime/context.ts'
import type { DynamicDirector, DynamicOptions } from '../runtime/directors.ts'
import { choice, define, option, type } from './define.ts'
import { makers } from './makers.ts'
import type { Vmod, VmodLoad } from './vmod.ts'

type MaybeText = string | undefined
type MaybeNumber = number | undefined

const ARGUMENTS = [
  option('STRING port', 'http'),
  '[STRING host_header]',
  choice('share', ['DIRECTOR', 'HOST'], 'DIRECTOR'),
  '[PROBE probe]',
  '[ACL whitelist]',
  option('DURATION ttl', 3600),
  '[DURATION connect_timeout]',
  '[DURATION first_byte_timeout]',
  '[DURATION between_bytes_timeout]',
  option('DURATION domain_usage_timeout', 7200),
  option('DURATION first_lookup_timeout', 10),
  option('INT max_connections', 0),
  option('INT proxy_header', 0),
  '[BLOB resolver]',
  choice('ttl_from', ['cfg', 'dns', 'min', 'max'], 'cfg'),
  option('DURATION retry_after', 30),
  '[BACKEND via]',
  option('INT keep', 3),
  '[STRING authority]',
  '[DURATION wait_timeout]',
  '[INT wait_limit]',
  option('BOOL tls', false),
] as const

/** As ARGUMENTS has them. */
type Given = [
  port: MaybeText,
  host_header: MaybeText,
  share: string,
  probe: ProbeDeclaration | undefined,
  whitelist: { readonly acl: Acl } | undefined,
  ttl_s: number,
  connect_timeout_s: MaybeNumber,
  first_byte_timeout_s: MaybeNumber,
  between_bytes_timeout_s: MaybeNumber,
  domain_usage_timeout_s: number,
  first_lookup_timeout_s: number,
  max_connections: number,
  proxy_header: number,
  resolver: Uint8Array | undefined,
  ttl_from: DynamicOptions['ttl_from'],
  retry_after_s: number,
  via: VclBackend | undefined,
  keep: number,
  authority: MaybeText,
  wait_timeout_s: MaybeNumber,
  wait_limit: MaybeNumber,
  tls: boolean,
]

function create(_c: CommonContext, load: VmodLoad, name: string, ...given: Given): DynamicDirector {
  const [port, host_header, , probe, whitelist, ttl_s, connect_timeout_s, first_byte_timeout_s, between_bytes_timeout_s] = given
  const [, , , , , , , , , domain_usage_timeout_s, , max_connections, proxy_header, , ttl_from, , via, , authority] = given
  const [wait_timeout_s, wait_limit, tls] = given.slice(-3) as [MaybeNumber, MaybeNumber, boolean]
  return makers(load).dynamic(name, {
    port: port ?? 'http',
    host_header,
    probe,
    whitelist: whitelist?.acl,
    ttl_s,
    ttl_from,
    connect_timeout_s,
    first_byte_timeout_s,
    between_bytes_timeout_s,
    domain_usage_timeout_s,
    max_connections,
    proxy_header,
    via,
    authority,
    wait_timeout_s,
    wait_limit,
    tls,
  })
}

function backend(c: CommonContext, director: DynamicDirector, host: MaybeText, port: MaybeText): VclBackend | undefined {
  const name = host === undefined || host === '' ? hostOf(c) : host
  const found = name === '' ? undefined : director.backend(name, port === '' ? undefined : port, c.now())
  if (found === undefined) c.vclLog(`vmod-dynamic: ${name === '' ? 'no host' : `not a host and a port: ${name} ${port ?? ''}`}`)
  return found
}

/** That of the request, without its port. */
function hostOf(c: CommonContext): string {
  if (c.side === 'house') return ''
  const message = c.side === 'backend' ? (c as BackendContext).bereq : (c as ClientContext).req
  return (message.fields.get('host') ?? '').replace(/:[0-9]*$/, '')
}

const BY_THE_SYSTEM = 'names are looked up by the system, and DNS is asked how long they may be kept: ttl_from works without a resolver'

/** Backends by names that are known when a request comes. */
export const dynamic: Vmod = {
  name: 'dynamic',
  doc:
    'Backends by names that are known when a request comes, as libvmod-dynamic makes them. There is one for each host and port, which has all addresses of the name: they take turns, and when one does not answer the next one is tried. ' +
    'A director has at most 256; 64 of a rule set share health, probes and max_connections among all workers, in more of them each worker is alone. Their counters are not told one by one.',
  functions: {},
  objects: {
    director: type(
      ARGUMENTS,
      'Makes backends. With a probe each is probed as a declared one would be. Addresses that the whitelist does not have are not used. ttl says how long addresses are kept; ttl_from=dns, min and max let DNS have a say. ' +
        'A backend that nobody has asked for in domain_usage_timeout is given up. tls is of Lacquer. Of no consequence here are share, first_lookup_timeout (connect_timeout is the limit), retry_after and keep.',
      create,
      {
        backend: define(
          'BACKEND',
          [option('STRING host', ''), option('STRING port', '')],
          'The backend for a host; without one, for that of the request. None when that is not the name of a host.',
          backend,
        ),
        debug: define('VOID', ['BOOL enable'], 'Nothing: what became of a name is in FetchError.', () => undefined),
      },
      { service: `SRV records: ${BY_THE_SYSTEM}` },
    ),
  },
  unsupported: { resolver: BY_THE_SYSTEM },
}
