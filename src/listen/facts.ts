import { isIPv4 } from 'node:net'
import { Ip } from '../base/ip.ts'
import type { ConnectionFacts } from '../flow/client.ts'
import type { SocketAddresses } from './transport.ts'

/** What clients on unix sockets have for an address. */
export const NO_IP = new Ip('0.0.0.0', 0, new Uint8Array(4))

const CLOSED = { fd: -1 }

/** Which `-a` a connection came in by. */
export interface Door {
  readonly socket_name: string
  /** As bound, for local.endpoint. */
  readonly endpoint: string
  readonly proxy: boolean
}

/** Facts of one connection; the PROXY header may replace the client's and the server's address. */
export class Facts implements ConnectionFacts {
  readonly xid: number
  client_ip: Ip
  server_ip: Ip
  readonly remote_ip: Ip
  readonly local_ip: Ip
  readonly socket_name: string
  readonly endpoint: string
  proxy_tlvs: Uint8Array | undefined = undefined
  private peer: string | undefined = undefined
  private readonly socket: { readonly fd: number }

  constructor(xid: number, addresses: SocketAddresses, door: Door, socket: { readonly fd: number } = CLOSED) {
    this.xid = xid
    this.socket = socket
    this.client_ip = this.remote_ip = toIp(addresses.remoteAddress, addresses.remotePort)
    this.server_ip = this.local_ip = toIp(addresses.localAddress, addresses.localPort)
    this.socket_name = door.socket_name
    this.endpoint = door.endpoint
  }

  /** What the PROXY header says; where it says nothing the peer is the client. */
  proxied({ client, server, tlvs }: { client: Ip | undefined; server: Ip | undefined; tlvs: Uint8Array | undefined }): void {
    this.client_ip = client ?? this.client_ip
    this.server_ip = server ?? this.server_ip
    this.proxy_tlvs = tlvs
  }

  get socket_fd(): number {
    return this.socket.fd
  }

  /** Asked for by requests: a PROXY header has been read by then. */
  get peer_text(): string {
    return (this.peer ??= `${this.client_ip.text} ${this.client_ip.port} ${this.socket_name}`)
  }
}

/** From what net says. IPv4 clients of a dual-stack listener are IPv4 clients. */
export function toIp(address: string | undefined, port: number | undefined): Ip {
  if (address === undefined || port === undefined) return NO_IP
  if (isIPv4(address)) return new Ip(address, port, ipv4Bytes(address))
  const bytes = ipv6Bytes(address)
  if (!isMapped(bytes)) return new Ip(address, port, bytes)
  const v4 = bytes.slice(12)
  return new Ip(v4.join('.'), port, v4)
}

/** ::ffff:0:0/96 */
function isMapped(bytes: Uint8Array): boolean {
  for (let i = 0; i < 10; i++) if (bytes[i] !== 0) return false
  return bytes[10] === 255 && bytes[11] === 255
}

function ipv4Bytes(text: string): Uint8Array {
  return Uint8Array.from(text.split('.'), Number)
}

/** `text` is valid, possibly with a zone ("fe80::1%eth0"). */
function ipv6Bytes(text: string): Uint8Array {
  const bytes = new Uint8Array(16)
  const [left, right] = text.split('%')[0].split('::')
  const head = groups(left)
  const tail = right === undefined ? [] : groups(right)
  head.forEach((value, i) => putGroup(bytes, i, value))
  tail.forEach((value, i) => putGroup(bytes, 8 - tail.length + i, value))
  return bytes
}

function groups(text: string): number[] {
  if (text === '') return []
  return text.split(':').flatMap((group) => {
    if (!group.includes('.')) return [Number.parseInt(group, 16)]
    const [a, b, c, d] = ipv4Bytes(group)
    return [a * 256 + b, c * 256 + d]
  })
}

function putGroup(bytes: Uint8Array, index: number, value: number): void {
  bytes[index * 2] = value >> 8
  bytes[index * 2 + 1] = value & 255
}
