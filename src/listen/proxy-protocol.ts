import { isIPv4, isIPv6 } from 'node:net'
import type { Ip } from '../base/ip.ts'
import { NO_IP, toIp } from './facts.ts'

/** Version 1 fits into this, CR LF included (specification section 2.1). */
const V1_MAX_BYTES = 107
/** Addresses and TLVs of version 2: enough for a client certificate, not for a flood. */
const V2_MAX_BYTES = 4096
const V2_HEAD_BYTES = 16
const V1_START = Buffer.from('PROXY ', 'latin1')
const V2_START = Buffer.from([0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a])

const V1_PORT = /^(?:0|[1-9][0-9]{0,4})$/

/** Bytes of the two addresses and ports by family and transport. Datagrams cannot come in by a stream. */
const V2_ADDRESS_BYTES: Record<number, number> = { 0x00: 0, 0x11: 12, 0x21: 36, 0x31: 216 }

/**
 * The header that a load balancer sends in front of a connection, PROXY protocol versions 1 and 2, read strictly: whoever can
 * make us misread it chooses the client address that rules and logs see.
 */
export class ProxyHeader {
  /** Set by `parse`; undefined where the header does not say (LOCAL, UNKNOWN): the peer is the client. */
  client: Ip | undefined = undefined
  server: Ip | undefined = undefined
  /** Of version 2, when there are some. A copy. */
  tlvs: Uint8Array | undefined = undefined
  error = ''

  /** Bytes consumed, 0 incomplete, -1 refused (see `error`). Keeps nothing between calls: give it all bytes from the first on. */
  parse(buffer: Buffer, start: number, end: number): number {
    this.client = this.server = undefined
    this.tlvs = undefined
    this.error = ''
    if (startsWith(buffer, start, end, V1_START)) return this.parseV1(buffer, start, end)
    if (startsWith(buffer, start, end, V2_START)) return this.parseV2(buffer, start, end)
    return this.refuse('no PROXY header')
  }

  private parseV1(buffer: Buffer, start: number, end: number): number {
    const stop = Math.min(end, start + V1_MAX_BYTES)
    const cr = buffer.subarray(start, stop).indexOf(13)
    if (cr < 0) return stop - start < V1_MAX_BYTES ? 0 : this.refuse('PROXY1: line too long')
    const lf = start + cr + 1
    if (lf === start + V1_MAX_BYTES) return this.refuse('PROXY1: line too long')
    if (lf === end) return 0
    if (buffer[lf] !== 10) return this.refuse('PROXY1: bare CR')
    return this.readV1(buffer.toString('latin1', start, start + cr).split(' ')) ? lf + 1 - start : -1
  }

  private readV1(words: string[]): boolean {
    const [, family, client, server, client_port, server_port] = words
    // "The receiver must ignore anything presented before the CRLF" of an unknown family.
    if (family === 'UNKNOWN') return true
    const isAddress = family === 'TCP4' ? isIPv4 : family === 'TCP6' ? isIPv6 : undefined
    if (isAddress === undefined) return this.bad('PROXY1: unknown family')
    if (words.length !== 6) return this.bad('PROXY1: wrong number of fields')
    if (!isAddress(client) || !isAddress(server) || client.includes('%') || server.includes('%')) return this.bad('PROXY1: bad address')
    if (!isPort(client_port) || !isPort(server_port)) return this.bad('PROXY1: bad port')
    this.client = toIp(client, Number(client_port))
    this.server = toIp(server, Number(server_port))
    return true
  }

  private parseV2(buffer: Buffer, start: number, end: number): number {
    if (end - start < V2_HEAD_BYTES) return 0
    const command = buffer[start + 12]
    if (command !== 0x20 && command !== 0x21) return this.refuse('PROXY2: unknown version or command')
    const family = buffer[start + 13]
    const length = buffer.readUInt16BE(start + 14)
    if (length > V2_MAX_BYTES) return this.refuse('PROXY2: header too long')
    const stop = start + V2_HEAD_BYTES + length
    // LOCAL: the balancer's own connection, a health check. Whatever it says is skipped.
    if (command === 0x20) return stop > end ? 0 : stop - start
    const address_bytes = V2_ADDRESS_BYTES[family]
    if (address_bytes === undefined) return this.refuse('PROXY2: unknown family or transport')
    if (length < address_bytes) return this.refuse('PROXY2: too short for its addresses')
    if (stop > end) return 0
    const at = start + V2_HEAD_BYTES
    if (family !== 0 && !wellFormedTlvs(buffer, at + address_bytes, stop)) return this.refuse('PROXY2: malformed TLVs')
    if (at + address_bytes < stop && family !== 0) this.tlvs = Uint8Array.prototype.slice.call(buffer, at + address_bytes, stop)
    this.readV2(buffer, at, family)
    return stop - start
  }

  private readV2(buffer: Buffer, at: number, family: number): void {
    if (family === 0x31) this.client = this.server = NO_IP
    if (family !== 0x11 && family !== 0x21) return
    const size = family === 0x11 ? 4 : 16
    const text = family === 0x11 ? ipv4Text : ipv6Text
    this.client = toIp(text(buffer, at), buffer.readUInt16BE(at + 2 * size))
    this.server = toIp(text(buffer, at + size), buffer.readUInt16BE(at + 2 * size + 2))
  }

  private bad(error: string): false {
    this.error = error
    return false
  }

  private refuse(error: string): -1 {
    this.error = error
    return -1
  }
}

/** As far as there are bytes. */
function startsWith(buffer: Buffer, start: number, end: number, prefix: Buffer): boolean {
  const length = Math.min(end - start, prefix.length)
  for (let i = 0; i < length; i++) if (buffer[start + i] !== prefix[i]) return false
  return true
}

function isPort(text: string): boolean {
  return V1_PORT.test(text) && Number(text) <= 65_535
}

/** Type, length of two bytes, value, to the last byte. What they hold is for rules (vcl/vmods/proxy.ts). */
function wellFormedTlvs(buffer: Buffer, start: number, end: number): boolean {
  let at = start
  while (at + 3 <= end) at += 3 + buffer.readUInt16BE(at + 1)
  return at === end
}

function ipv4Text(buffer: Buffer, at: number): string {
  return `${buffer[at]}.${buffer[at + 1]}.${buffer[at + 2]}.${buffer[at + 3]}`
}

/** RFC 5952 text by way of the URL parser, which is the only one that Node offers. */
function ipv6Text(buffer: Buffer, at: number): string {
  const groups: string[] = []
  for (let i = 0; i < 16; i += 2) groups.push(buffer.readUInt16BE(at + i).toString(16))
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1)
}
