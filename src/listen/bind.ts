import { lookup } from 'node:dns/promises'
import { createServer, isIP, type AddressInfo } from 'node:net'
import { codeOf, messageOf, OperatorError } from '../base/errors.ts'
import { formatEndpoint, type Endpoint, type ListenAddress } from './address.ts'
import { clearUnixSocket, idOf } from './unix-socket.ts'

/**
 * From `-a` values to what workers listen on. Each TCP address is bound exclusively once and released: SO_REUSEPORT, which several
 * workers need, would let a second Lacquer share a port unnoticed, and `:0` would give every worker another port.
 */
export async function bindEndpoints(addresses: readonly ListenAddress[]): Promise<Endpoint[]> {
  const endpoints: Endpoint[] = []
  for (const address of addresses) {
    const made = await bindAddress(address)
    for (const one of made) refuseTwice(one, endpoints)
    endpoints.push(...made)
  }
  return endpoints
}

/** Each address is free by itself: that two of ours collide is not seen until a worker listens on both. */
function refuseTwice(one: Endpoint, others: readonly Endpoint[]): void {
  if (one.any_port) return
  for (const other of others) {
    if (one.text === other.text) throw new OperatorError(`-a: ${one.text} is given twice`)
    if (one.port === other.port && (covers(one, other) || covers(other, one)))
      throw new OperatorError(`-a: ${one.text} and ${other.text} overlap; give one of them`)
  }
}

/** The wildcard of IPv6 takes IPv4 as well. */
function covers(wide: Endpoint, one: Endpoint): boolean {
  if (wide.path !== undefined || one.path !== undefined) return false
  return wide.host === '::' || (wide.host === '0.0.0.0' && isIP(one.host) === 4)
}

async function bindAddress(address: ListenAddress): Promise<Endpoint[]> {
  const { path } = address
  if (path === undefined) return bindTcp(address)
  if (address.user !== undefined) idOf('/etc/passwd', 'user', address.user)
  if (address.group !== undefined) idOf('/etc/group', 'group', address.group)
  await clearUnixSocket(path)
  return [{ ...address, host: '', path, any_port: false, text: path }]
}

/** All addresses of a name; those whose family this machine lacks may fail as long as one is left. */
async function bindTcp(address: ListenAddress): Promise<Endpoint[]> {
  const endpoints: Endpoint[] = []
  let failure: OperatorError | undefined
  for (const host of await hostsOf(address)) {
    try {
      const port = await tryBind(host, address.port)
      endpoints.push({ ...address, host, port, any_port: address.port === 0, text: formatEndpoint(host, port) })
      // The wildcard of IPv6 takes IPv4 as well.
      if (address.host === undefined) break
    } catch (error) {
      failure = bindError(formatEndpoint(host, address.port), error)
      if (!lacksFamily(error)) throw failure
    }
  }
  if (endpoints.length === 0 && failure !== undefined) throw failure
  return endpoints
}

async function hostsOf(address: ListenAddress): Promise<string[]> {
  const { host } = address
  if (host === undefined) return ['::', '0.0.0.0']
  if (isIP(host) !== 0) return [host]
  try {
    const found = await lookup(host, { all: true })
    return [...new Set(found.map((entry) => entry.address))]
  } catch (error) {
    throw bindError(formatEndpoint(host, address.port), error)
  }
}

function lacksFamily(error: unknown): boolean {
  const code = codeOf(error)
  return code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT' || code === 'EINVAL'
}

/** The port, once it was ours alone. 0: one that is free now. */
export function tryBind(host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen({ host, port, exclusive: true, backlog: 1 }, () => {
      const bound = (server.address() as AddressInfo).port
      server.close(() => resolve(bound))
    })
  })
}

const REASONS: Record<string, string> = {
  EADDRINUSE: 'address already in use (another program, or another Lacquer, holds it)',
  EACCES: 'permission denied (ports below 1024 need CAP_NET_BIND_SERVICE)',
  EPERM: 'permission denied',
  EADDRNOTAVAIL: 'this machine has no such address',
  EAFNOSUPPORT: 'this machine does not support the address family',
  ENOTFOUND: 'the host name is unknown',
  EAI_AGAIN: 'the host name cannot be looked up now (no answer from DNS)',
}

export function bindError(where: string, error: unknown): OperatorError {
  return new OperatorError(`cannot listen on ${where}: ${REASONS[codeOf(error) ?? ''] ?? messageOf(error)}`)
}
