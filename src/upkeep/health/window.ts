import type { ProbeDeclaration } from '../../vcl/runtime/context.ts'

/** What one probe came to. */
export interface ProbeOutcome {
  /** What the connection was made over; undefined: there was none. */
  readonly family: '4' | '6' | 'U' | undefined
  /** Was the request sent, and did an answer come? Undefined: it did not come to that. */
  readonly sent: boolean | undefined
  readonly received: boolean | undefined
  /** It was the answer that was expected. */
  readonly happy: boolean
  /** How long it took; 0 when nothing was received. */
  readonly took_s: number
  /** The answer's first line, or what went wrong. */
  readonly text: string
}

/** The happy bitmaps: a letter in a record of Backend_health, a line of backend.list -p. */
export const BITMAPS = {
  '4': 'Good IPv4',
  '6': 'Good IPv6',
  U: 'Good UNIX',
  x: 'Error Xmit',
  X: 'Good Xmit',
  r: 'Error Recv',
  R: 'Good Recv',
  H: 'Happy',
} as const
export type Bitmap = keyof typeof BITMAPS
export const BITMAP_LETTERS: readonly Bitmap[] = ['4', '6', 'U', 'x', 'X', 'r', 'R', 'H']

const BITS = 64
/** The average response time forgets: no probe weighs less than a quarter. */
const AVERAGED = 4

/** What the last 64 probes of a backend came to, and what follows for its health (cache_backend_probe.c). */
export class ProbeWindow {
  readonly probe: ProbeDeclaration
  /** Newest in the lowest bit. */
  readonly bits: Record<Bitmap, bigint> = { '4': 0n, '6': 0n, U: 0n, x: 0n, X: 0n, r: 0n, R: 0n, H: 0n }
  /** Of the window. */
  good = 0
  last_s = 0
  average_s = 0
  text = ''
  private rate = 0

  /** `before`: the same probe of the same backend, by other rules. */
  constructor(probe: ProbeDeclaration, before?: ProbeWindow) {
    this.probe = probe
    if (before === undefined) for (let i = 0; i < probe.initial; i++) this.enter(new Set(['H']))
    else this.goOn(before)
  }

  private goOn({ bits, good, last_s, average_s, text, rate }: ProbeWindow): void {
    Object.assign(this.bits, bits)
    Object.assign(this, { good, last_s, average_s, text, rate })
  }

  get healthy(): boolean {
    return this.good >= this.probe.threshold
  }

  record(outcome: ProbeOutcome): void {
    this.last_s = outcome.took_s
    this.text = outcome.text
    this.enter(lettersOf(outcome))
  }

  /** The newest bit of each, as a record of Backend_health has them. */
  get letters(): string {
    return BITMAP_LETTERS.map((letter) => ((this.bits[letter] & 1n) === 1n ? letter : '-')).join('')
  }

  private enter(letters: ReadonlySet<Bitmap>): void {
    for (const letter of BITMAP_LETTERS)
      this.bits[letter] = BigInt.asUintN(BITS, (this.bits[letter] << 1n) | (letters.has(letter) ? 1n : 0n))
    this.good = ones(BigInt.asUintN(this.probe.window, this.bits.H))
    if (!letters.has('H')) return
    if (this.rate < AVERAGED) this.rate++
    this.average_s += (this.last_s - this.average_s) / this.rate
  }
}

function lettersOf({ family, sent, received, happy }: ProbeOutcome): Set<Bitmap> {
  const letters = new Set<Bitmap>()
  if (family !== undefined) letters.add(family)
  if (sent !== undefined) letters.add(sent ? 'X' : 'x')
  if (received !== undefined) letters.add(received ? 'R' : 'r')
  if (happy) letters.add('H')
  return letters
}

function ones(bits: bigint): number {
  let count = 0
  for (let rest = bits; rest > 0n; rest >>= 1n) if ((rest & 1n) === 1n) count++
  return count
}

/** 64 characters, the oldest first. */
export function bitmapText(bits: bigint, letter: Bitmap): string {
  return bits.toString(2).padStart(BITS, '0').replaceAll('0', '-').replaceAll('1', letter)
}
