import type { Ip } from '../../base/ip.ts'
import { parseIpv4, parseIpv6 } from '../../base/ip.ts'

/** One network of an ACL. */
export interface AclNetwork {
  readonly negated: boolean
  /** Network address, host bits zero: 4 or 16 bytes. */
  readonly bytes: ArrayLike<number>
  readonly mask_bits: number
  /** As logged. */
  readonly text: string
}

/** What an ACL entry's text is: a network, the name of a host to be resolved, or wrong. */
export type AclAddress =
  | { readonly kind: 'network'; readonly bytes: Uint8Array; readonly mask_bits: number }
  | { readonly kind: 'name'; readonly name: string; readonly mask_bits: number | undefined }
  | { readonly kind: 'problem'; readonly message: string; readonly hint?: string }

/**
 * Reads `"addr"`, `"addr/mask"`, `"addr" / mask`; short IPv4 networks ("192.168") imply their mask. With `pedantic`
 * (VCL's default) host bits must be zero; without it they are cleared.
 */
export function parseAclAddress(address: string, mask: number | undefined, pedantic: boolean): AclAddress {
  const slash = address.indexOf('/')
  const plain = slash < 0 ? address : address.slice(0, slash)
  const inner = slash < 0 ? undefined : address.slice(slash + 1)
  if (inner !== undefined && (mask !== undefined || !/^[0-9]{1,3}$/.test(inner)))
    return { kind: 'problem', message: `bad mask in "${address}"` }
  const asked = inner === undefined ? mask : Number(inner)
  const short = shortIpv4(plain)
  const bytes = short?.bytes ?? parseIpv6(plain)
  if (bytes === undefined) return nameOrProblem(plain, asked)
  const bits = bytes.length * 8
  const mask_bits = asked ?? short?.mask_bits ?? bits
  if (mask_bits > bits) return { kind: 'problem', message: `mask /${mask_bits} is longer than the address`, hint: `at most /${bits}` }
  const network = masked(bytes, mask_bits)
  if (pedantic && !network.every((byte, i) => byte === bytes[i])) {
    return { kind: 'problem', message: `"${plain}"/${mask_bits} has host bits set`, hint: `write "${networkText(network)}"/${mask_bits}` }
  }
  return { kind: 'network', bytes: network, mask_bits }
}

function nameOrProblem(name: string, mask_bits: number | undefined): AclAddress {
  if (/^[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,252})$/.test(name) && !/^[0-9.]+$/.test(name)) return { kind: 'name', name, mask_bits }
  return { kind: 'problem', message: `"${name}" is neither an address nor a host name` }
}

/** One to four decimal numbers: the network they begin. */
function shortIpv4(text: string): { bytes: Uint8Array; mask_bits: number } | undefined {
  const count = text.split('.').length
  if (count > 4) return undefined
  const bytes = parseIpv4(text + '.0'.repeat(4 - count))
  return bytes === undefined ? undefined : { bytes, mask_bits: count * 8 }
}

/** The first `bits` bits of an address, the rest zero. */
export function masked(bytes: ArrayLike<number>, bits: number): Uint8Array {
  return Uint8Array.from(bytes, (byte, i) => byte & maskByte(bits, i))
}

function maskByte(bits: number, index: number): number {
  const kept = Math.min(Math.max(bits - index * 8, 0), 8)
  return (0xff00 >> kept) & 0xff
}

function networkText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.')
  return Array.from({ length: 8 }, (_, i) => ((bytes[2 * i] << 8) | bytes[2 * i + 1]).toString(16)).join(':')
}

/** Addresses of a host name at load, or undefined when it does not resolve. */
export type ResolveHost = (name: string) => readonly Ip[] | undefined

/**
 * A compiled ACL: the most specific network that holds the address decides. IPv4 costs one map look-up for each mask
 * length in use; nothing is allocated.
 */
export class Acl {
  readonly name: string
  private readonly v4: { readonly mask: number; readonly networks: Map<number, AclNetwork> }[] = []
  private readonly v6: { readonly network: AclNetwork; readonly mask: Uint8Array }[] = []

  constructor(name: string, networks: readonly AclNetwork[]) {
    this.name = name
    const sorted = networks.toSorted((a, b) => b.mask_bits - a.mask_bits)
    for (const network of sorted) {
      if (network.bytes.length === 4) this.addIpv4(network)
      else this.v6.push({ network, mask: Uint8Array.from({ length: 16 }, (_, i) => maskByte(network.mask_bits, i)) })
    }
  }

  /** The network that decides, or undefined when none holds the address. */
  find(ip: Ip): AclNetwork | undefined {
    const { bytes } = ip
    if (bytes.length === 4) return this.findIpv4(ipv4Number(bytes, 0))
    if (mapped(bytes)) return this.findIpv4(ipv4Number(bytes, 12))
    for (let i = 0; i < this.v6.length; i++) if (holds(this.v6[i].network.bytes, this.v6[i].mask, bytes)) return this.v6[i].network
    return undefined
  }

  /** Does `ip ~ acl`? */
  matches(ip: Ip): boolean {
    const network = this.find(ip)
    return network !== undefined && !network.negated
  }

  private findIpv4(address: number): AclNetwork | undefined {
    for (let i = 0; i < this.v4.length; i++) {
      const found = this.v4[i].networks.get((address & this.v4[i].mask) | 0)
      if (found !== undefined) return found
    }
    return undefined
  }

  private addIpv4(network: AclNetwork): void {
    const mask = network.mask_bits === 0 ? 0 : -1 << (32 - network.mask_bits)
    let level = this.v4.find((l) => l.mask === mask)
    if (level === undefined) this.v4.push((level = { mask, networks: new Map() }))
    const key = ipv4Number(network.bytes, 0) & mask
    // Written twice: the first counts, as in a list read from the top.
    if (!level.networks.has(key)) level.networks.set(key, network)
  }
}

function ipv4Number(bytes: ArrayLike<number>, at: number): number {
  return (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]
}

function mapped(bytes: Uint8Array): boolean {
  for (let i = 0; i < 10; i++) if (bytes[i] !== 0) return false
  return bytes[10] === 255 && bytes[11] === 255
}

function holds(network: ArrayLike<number>, mask: Uint8Array, address: Uint8Array): boolean {
  for (let i = 0; i < 16; i++) if ((address[i] & mask[i]) !== network[i]) return false
  return true
}
