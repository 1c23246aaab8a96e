import { isIPv6 } from 'node:net'
import { OperatorError } from '../base/errors.ts'
import { parseInteger } from '../base/units.ts'

/** Where to accept clients: one `-a`. */
export type ListenSpec = TcpListen | UnixListen

interface Door {
  /** The given name, else a0, a1, ... (local.socket). */
  readonly name: string
  /** Every connection starts with a PROXY header. */
  readonly proxy: boolean
}

export interface TcpListen extends Door {
  readonly kind: 'tcp'
  /** Undefined: all addresses, IPv6 and IPv4. */
  readonly host: string | undefined
  /** 0: the kernel chooses. */
  readonly port: number
}

export interface UnixListen extends Door {
  readonly kind: 'unix'
  readonly path: string
  /** Permission bits of the socket, e.g. 0o660; undefined: what umask leaves. */
  readonly mode: number | undefined
}

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

/** `[name=]host:port[,PROXY]`, `:port`, `[::1]:port`, `/path[,PROXY][,mode=660]`. */
export function parseListen(text: string, index: number): ListenSpec {
  const [first, ...options] = text.split(',')
  const named = splitName(first)
  const door = { name: named.name ?? `a${index}`, proxy: options.some((option) => option.toUpperCase() === 'PROXY') }
  const rest = options.filter((option) => !['PROXY', 'HTTP'].includes(option.toUpperCase()))
  if (isPath(named.rest)) return { kind: 'unix', ...door, path: named.rest, mode: socketMode(rest, text) }
  if (rest.length > 0) throw new OperatorError(`-a ${text}: '${rest[0]}' is not known here; PROXY is, and mode=660 for unix sockets`)
  return { kind: 'tcp', ...door, ...parseHostPort('-a', named.rest, 80) }
}

/** `host[:port]`, `https://host[:port]`, `/path`. */
export function parseBackend(text: string): BackendArgument {
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
  return text.startsWith('/') || text.startsWith('@')
}

function splitName(text: string): { name: string | undefined; rest: string } {
  const at = text.indexOf('=')
  if (at < 0) return { name: undefined, rest: text }
  const name = text.slice(0, at)
  if (!/^[A-Za-z][A-Za-z0-9_.-]{0,63}$/.test(name)) throw new OperatorError(`-a ${text}: '${name}' is not a name: letters, digits, _ . -`)
  return { name, rest: text.slice(at + 1) }
}

function socketMode(options: readonly string[], text: string): number | undefined {
  let mode: number | undefined
  for (const option of options) {
    if (!/^mode=[0-7]{3}$/.test(option)) throw new OperatorError(`-a ${text}: '${option}' is not known here; PROXY and mode=660 are`)
    mode = Number.parseInt(option.slice(5), 8)
  }
  return mode
}
