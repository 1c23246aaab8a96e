/** An address as VCL's IP type: text as printed, port, and its bytes for ACLs (4 or 16). */
export class Ip {
  readonly text: string
  readonly port: number
  readonly bytes: Uint8Array

  constructor(text: string, port: number, bytes: Uint8Array) {
    this.text = text
    this.port = port
    this.bytes = bytes
  }
}

/**
 * A numeric address, optionally with its port: `1.2.3.4`, `1.2.3.4:80`, `1.2.3.4 80`, `::1`, `[::1]`, `[::1]:80`,
 * `[::1] 80`. `port` is what it gets when it names none. The text becomes canonical (RFC 5952); an IPv4-mapped
 * IPv6 address becomes IPv4, as it is printed and compared. Undefined: no address, or no valid port.
 */
export function parseIp(text: string, port: number): Ip | undefined {
  if (text.length > 64) return undefined
  const bracketed = /^\[([^\]]*)\](?:[: ]([0-9]{1,5}))?$/.exec(text)
  const dotted = /^([0-9.]+)(?:[: ]([0-9]{1,5}))?$/.exec(text)
  const bytes = dotted !== null ? parseIpv4(dotted[1]) : parseIpv6(bracketed?.[1] ?? text)
  const own_port = Number((dotted ?? bracketed)?.[2] ?? port)
  return bytes === undefined || own_port > 65535 ? undefined : ipOfBytes(bytes, own_port)
}

/** The Ip with these 4 or 16 bytes. */
export function ipOfBytes(bytes: Uint8Array, port: number): Ip {
  const plain = isMapped(bytes) ? bytes.subarray(12) : bytes
  return new Ip(plain.length === 4 ? plain.join('.') : ipv6Text(plain), port, plain)
}

/** Four decimal numbers. Leading zeros are refused: some readers take them for octal. */
export function parseIpv4(text: string): Uint8Array | undefined {
  const parts = text.split('.')
  if (parts.length !== 4 || !parts.every((part) => /^(?:0|[1-9][0-9]{0,2})$/.test(part) && Number(part) < 256)) return undefined
  return Uint8Array.from(parts, Number)
}

/** RFC 4291 section 2.2, without zone. */
export function parseIpv6(text: string): Uint8Array | undefined {
  const halves = text.split('::')
  if (halves.length > 2 || !text.includes(':')) return undefined
  const head = groups(halves[0], halves.length === 1)
  const tail = halves.length === 2 ? groups(halves[1], true) : []
  if (head === undefined || tail === undefined) return undefined
  const missing = 16 - head.length - tail.length
  if (halves.length === 1 ? missing !== 0 : missing < 2) return undefined
  return Uint8Array.from([...head, ...new Uint8Array(missing), ...tail])
}

/** Bytes of colon-separated groups; the last may be dotted when the address ends there. */
function groups(text: string, last: boolean): number[] | undefined {
  if (text === '') return []
  const bytes: number[] = []
  const parts = text.split(':')
  for (const [i, part] of parts.entries()) {
    if (/^[0-9A-Fa-f]{1,4}$/.test(part)) {
      const value = parseInt(part, 16)
      bytes.push(value >> 8, value & 255)
      continue
    }
    const dotted = last && i === parts.length - 1 ? parseIpv4(part) : undefined
    if (dotted === undefined) return undefined
    bytes.push(...dotted)
  }
  return bytes.length <= 16 ? bytes : undefined
}

function isMapped(bytes: Uint8Array): boolean {
  return bytes.length === 16 && bytes.subarray(0, 10).every((b) => b === 0) && bytes[10] === 255 && bytes[11] === 255
}

/** RFC 5952: lower case, no leading zeros, the longest run of two or more zero groups as "::". */
function ipv6Text(bytes: Uint8Array): string {
  const words = Array.from({ length: 8 }, (_, i) => (bytes[2 * i] << 8) | bytes[2 * i + 1])
  let start = -1
  let longest = 1
  for (let i = 0; i < 8; i++) {
    let end = i
    while (end < 8 && words[end] === 0) end++
    if (end - i > longest) {
      start = i
      longest = end - i
    }
  }
  const hex = words.map((word) => word.toString(16))
  return start < 0 ? hex.join(':') : `${hex.slice(0, start).join(':')}::${hex.slice(start + longest).join(':')}`
}
