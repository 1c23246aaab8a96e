import type { Ip } from '../base/ip.ts'

/** The two ends of the client's connection, as the PROXY header tells them to the origin. */
export interface ProxiedClient {
  readonly ip: Ip
  readonly server: Ip
}

const V2_SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex')
const V2_LOCAL = 0x20
const V2_PROXY = 0x21
const TCP4 = 0x11
const TCP6 = 0x21

/** PROXY protocol header (haproxy's proxy-protocol.txt sections 2.1 and 2.2); without a client it says so. */
export function proxyPreamble(version: 1 | 2, client: ProxiedClient | undefined): Buffer {
  const known = client !== undefined && client.ip.bytes.length === client.server.bytes.length ? client : undefined
  return version === 1 ? Buffer.from(textHeader(known), 'latin1') : binaryHeader(known)
}

const TLV_AUTHORITY = 2

/** What a proxy is told that is to make a connection for us: where to, and for whom. As in Varnish that address stands at both ends. */
export function viaPreamble(to: Ip, authority: string): Buffer {
  const name = Buffer.from(authority, 'latin1')
  const tlv = name.length === 0 ? name : Buffer.concat([Buffer.from([TLV_AUTHORITY, name.length >> 8, name.length & 0xff]), name])
  return binaryHeader({ ip: to, server: to }, tlv)
}

function textHeader(client: ProxiedClient | undefined): string {
  if (client === undefined) return 'PROXY UNKNOWN\r\n'
  const { ip, server } = client
  return `PROXY TCP${ip.bytes.length === 4 ? 4 : 6} ${ip.text} ${server.text} ${ip.port} ${server.port}\r\n`
}

function binaryHeader(client: ProxiedClient | undefined, tlvs = Buffer.alloc(0)): Buffer {
  if (client === undefined) return Buffer.concat([V2_SIGNATURE, Buffer.from([V2_LOCAL, 0, 0, 0])])
  const { ip, server } = client
  const ports = Buffer.alloc(4)
  ports.writeUInt16BE(ip.port, 0)
  ports.writeUInt16BE(server.port, 2)
  const length_bytes = ip.bytes.length * 2 + ports.length + tlvs.length
  const fixed = Buffer.from([V2_PROXY, ip.bytes.length === 4 ? TCP4 : TCP6, length_bytes >> 8, length_bytes & 0xff])
  return Buffer.concat([V2_SIGNATURE, fixed, ip.bytes, server.bytes, ports, tlvs])
}
