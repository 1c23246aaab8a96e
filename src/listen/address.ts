import { isIPv6 } from 'node:net'
import { OperatorError } from '../base/errors.ts'

/** One `-a` value as written. */
export interface ListenAddress {
  readonly name: string
  /** Undefined: all addresses of the machine, or a unix socket. */
  readonly host: string | undefined
  readonly port: number
  /** Path of a unix socket. */
  readonly path: string | undefined
  readonly proxy: boolean
  readonly user: string | undefined
  readonly group: string | undefined
  /** Permission bits of a unix socket. */
  readonly mode: number | undefined
}

/** Something a worker can listen on: an address, not a name. Plain data. */
export interface Endpoint extends Omit<ListenAddress, 'host'> {
  readonly host: string
  /** `:0` was asked for: any port will do. */
  readonly any_port: boolean
  /** As printed: "127.0.0.1:6081", "[::1]:80", "/run/lacquer.sock". */
  readonly text: string
}

const DEFAULT_PORT = 80

type Options = Pick<ListenAddress, 'proxy' | 'user' | 'group' | 'mode'>

/** The `-a` values of a command line. Those without a name are a0, a1, ... by their place. */
export function parseListen(values: readonly string[]): ListenAddress[] {
  const addresses = values.map((value, i) => parseListenAddress(value, `a${i}`))
  const seen = new Set<string>()
  for (const { name } of addresses) {
    if (seen.has(name)) throw new OperatorError(`-a: two addresses have the name "${name}"`)
    seen.add(name)
  }
  return addresses
}

/** `[name=]host:port[,PROXY|,HTTP]` or `[name=]/path[,PROXY][,user=U][,group=G][,mode=M]`. */
export function parseListenAddress(value: string, default_name: string): ListenAddress {
  const [first, ...rest] = value.split(',')
  const { name, address } = splitName(value, first, default_name)
  if (address === '') throw refusal(value, 'has no address')
  const unix = address.startsWith('/')
  const options = parseOptions(value, rest, unix)
  if (unix) return { name, host: undefined, port: 0, path: unixPath(value, address), ...options }
  return { name, ...parseHostPort(value, address), path: undefined, ...options }
}

/** "host:port" with brackets around IPv6. */
export function formatEndpoint(host: string, port: number): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`
}

function refusal(value: string, why: string): OperatorError {
  return new OperatorError(`-a ${value}: ${why}`)
}

function splitName(value: string, first: string, default_name: string): { name: string; address: string } {
  const equals = first.indexOf('=')
  if (equals < 0 || first.startsWith('/')) return { name: default_name, address: first }
  const name = first.slice(0, equals)
  if (!/^[A-Za-z][A-Za-z0-9_-]*$/.test(name)) throw refusal(value, 'the name before "=" must be letters, digits, - and _, a letter first')
  return { name, address: first.slice(equals + 1) }
}

/** The room in sockaddr_un, and no way to escape a line of the log. */
function unixPath(value: string, path: string): string {
  if (Buffer.byteLength(path) > 107) throw refusal(value, 'the path of a unix socket is at most 107 bytes')
  return path
}

function parseHostPort(value: string, address: string): { host: string | undefined; port: number } {
  if (address.startsWith('[')) {
    const close = address.indexOf(']')
    const host = address.slice(1, Math.max(close, 1))
    if (!isIPv6(host)) throw refusal(value, 'no IPv6 address in the brackets')
    return { host, port: parsePort(value, address.slice(close + 1)) }
  }
  if (isIPv6(address)) throw refusal(value, `an IPv6 address is written in brackets: [${address}]:${DEFAULT_PORT}`)
  const colon = address.indexOf(':')
  const host = colon < 0 ? address : address.slice(0, colon)
  if (host !== '' && host !== '*' && !/^[A-Za-z0-9._-]+$/.test(host)) throw refusal(value, `"${host}" is not a host name or address`)
  if (/^[0-9.]+$/.test(host) && !isIPv4Text(host)) throw refusal(value, `"${host}" is not an IPv4 address`)
  return { host: host === '' || host === '*' ? undefined : host, port: parsePort(value, colon < 0 ? '' : address.slice(colon)) }
}

function isIPv4Text(host: string): boolean {
  const parts = host.split('.')
  return parts.length === 4 && parts.every((part) => /^[0-9]{1,3}$/.test(part) && Number(part) <= 255)
}

/** ":80", or nothing for the default. */
function parsePort(value: string, text: string): number {
  if (text === '') return DEFAULT_PORT
  const digits = text.slice(1)
  if (text[0] !== ':' || !/^[0-9]{1,5}$/.test(digits) || Number(digits) > 65_535)
    throw refusal(value, 'the port must be a number from 0 to 65535')
  return Number(digits)
}

function parseOptions(value: string, rest: readonly string[], unix: boolean): Options {
  const options: { -readonly [K in keyof Options]: Options[K] } = { proxy: false, user: undefined, group: undefined, mode: undefined }
  let protocol = ''
  for (const option of rest) {
    const equals = option.indexOf('=')
    if (equals < 0) {
      if (protocol !== '') throw refusal(value, 'only one protocol can be given')
      protocol = option
      options.proxy = parseProtocol(value, option)
    } else if (!unix) throw refusal(value, `"${option}" is only for unix sockets`)
    else parseUnixOption(value, option.slice(0, equals), option.slice(equals + 1), options)
  }
  return options
}

function parseProtocol(value: string, protocol: string): boolean {
  if (protocol !== 'PROXY' && protocol !== 'HTTP') throw refusal(value, `"${protocol}" is not a protocol: use PROXY or HTTP`)
  return protocol === 'PROXY'
}

function parseUnixOption(value: string, key: string, text: string, options: { -readonly [K in keyof Options]: Options[K] }): void {
  if (key !== 'user' && key !== 'group' && key !== 'mode') throw refusal(value, `unknown option "${key}": use user, group or mode`)
  if (options[key] !== undefined) throw refusal(value, `${key} is given twice`)
  if (text === '') throw refusal(value, `${key} is empty`)
  if (key !== 'mode') options[key] = text
  else if (/^[0-7]{1,4}$/.test(text) && Number.parseInt(text, 8) <= 0o777) options.mode = Number.parseInt(text, 8)
  else throw refusal(value, 'mode must be octal, at most 777')
}
