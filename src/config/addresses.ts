import { isIPv6 } from 'node:net'
import { OperatorError } from '../base/errors.ts'
import { parseInteger } from '../base/units.ts'

/** A backend on the command line: `-b`. */
export interface BackendArgument {
  readonly host: string | undefined
  readonly port: number
  readonly path: string | undefined
  readonly tls: boolean
}

export interface HostPort {
  /** Undefined when only ":port" was given. */
  readonly host: string | undefined
  readonly port: number
}

/** `-b none`: rules' synthetic answers are all there is. */
export const NO_BACKEND = 'none'

/** `host[:port]`, `https://host[:port]`, `/path`, `none`. */
export function parseBackend(text: string): BackendArgument | typeof NO_BACKEND {
  if (text === NO_BACKEND) return NO_BACKEND
  if (isPath(text)) return { host: undefined, port: 0, path: text, tls: false }
  const tls = text.startsWith('https://')
  const rest = tls || text.startsWith('http://') ? text.slice(text.indexOf('//') + 2) : text
  if (rest.includes('/')) throw new OperatorError(`-b ${text}: a backend is host[:port] without a path; use -f for more`)
  const { host, port } = parseHostPort('-b', rest, tls ? 443 : 80)
  if (host === undefined) throw new OperatorError(`-b ${text}: the host is missing; for this machine write localhost:${port}`)
  if (port === 0) throw new OperatorError(`-b ${text}: a backend cannot have port 0`)
  return { host, port, path: undefined, tls }
}

/** `host:port`, `:port`, `[v6]:port`; the port may be left out where a default is given. */
export function parseHostPort(flag: string, text: string, defaultPort?: number): HostPort {
  const { host, port } = splitPort(flag, text)
  if (port === '' && defaultPort === undefined) throw new OperatorError(`${flag} ${text}: the port is missing; write host:port`)
  const number = port === '' ? defaultPort : parseInteger(port)
  if (number === undefined || number < 0 || number > 65_535) {
    throw new OperatorError(`${flag} ${text}: '${port}' is not a port (0 to 65535)`)
  }
  return { host: host === '' || host === '*' ? undefined : host, port: number }
}

function splitPort(flag: string, text: string): { host: string; port: string } {
  if (text === '') throw new OperatorError(`${flag}: the address is empty; write host:port`)
  if (text.startsWith('[')) {
    const end = text.indexOf(']')
    const host = text.slice(1, end)
    const tail = text.slice(end + 1)
    if (end < 0 || !isIPv6(host) || (tail !== '' && !tail.startsWith(':'))) {
      throw new OperatorError(`${flag} ${text}: not an IPv6 address in brackets with a port, such as [::1]:6081`)
    }
    return { host, port: tail.slice(1) }
  }
  const colon = text.indexOf(':')
  if (colon < 0) return { host: text, port: '' }
  if (text.indexOf(':', colon + 1) >= 0) throw new OperatorError(`${flag} ${text}: write an IPv6 address in brackets, such as [::1]:6081`)
  const host = text.slice(0, colon)
  if (!isHostName(host)) throw new OperatorError(`${flag} ${text}: '${host}' is not a host name`)
  return { host, port: text.slice(colon + 1) }
}

function isHostName(host: string): boolean {
  return /^[A-Za-z0-9._*-]{0,253}$/.test(host)
}

function isPath(text: string): boolean {
  return text.startsWith('/')
}

export function isLoopback(host = ''): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.[0-9]{1,3}){3}$/.test(host)
}
