/** 256 booleans: which bytes a single-character item matches. */
export type ByteSet = Uint8Array

export const NO_BYTE: ByteSet = new Uint8Array(256)
export const ANY_BYTE: ByteSet = new Uint8Array(256).fill(1)

export function setOf(chars: string): ByteSet {
  const set = new Uint8Array(256)
  for (const char of chars) set[char.charCodeAt(0)] = 1
  return set
}

/** Shared, as patterns are mostly made of these: never written to. */
const SINGLE = Array.from({ length: 256 }, (_, byte) => setOf(String.fromCharCode(byte)))
const SINGLE_FOLDED = SINGLE.map(folded)

export function setOfByte(byte: number): ByteSet {
  return SINGLE[byte]
}

/** The byte, and if it is a letter of ASCII that in the other case. Shared, too. */
export function setOfFoldedByte(byte: number): ByteSet {
  return SINGLE_FOLDED[byte]
}

export function addRange(set: ByteSet, from: number, to: number): void {
  set.fill(1, from, to + 1)
}

export function addAll(set: ByteSet, other: ByteSet): void {
  for (let i = 0; i < 256; i++) set[i] |= other[i]
}

export function union(a: ByteSet, b: ByteSet): ByteSet {
  return a.map((bit, i) => bit | b[i])
}

export function inverted(set: ByteSet): ByteSet {
  return set.map((bit) => 1 - bit)
}

/** ASCII letters in both cases: PCRE folds bytes by the C locale. */
export function folded(set: ByteSet): ByteSet {
  const both = set.slice()
  for (let c = 0x41; c <= 0x5a; c++) both[c] = both[c + 32] = set[c] | set[c + 32]
  return both
}

export function overlaps(a: ByteSet, b: ByteSet): boolean {
  return a.some((bit, i) => bit === 1 && b[i] === 1)
}

/** The only byte of the set; undefined when there are none or several. */
export function onlyByte(set: ByteSet): number | undefined {
  const byte = set.indexOf(1)
  return byte < 0 || set.includes(1, byte + 1) ? undefined : byte
}
