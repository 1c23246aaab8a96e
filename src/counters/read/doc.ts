import { HEAD_BYTES } from '../vsc/stat-doc.ts'

/** What a StatDoc segment says of the counters of a class. Whoever wrote it is not trusted: what cannot be read is left out. */

export const LEVELS = ['info', 'diag', 'debug'] as const
export type Level = (typeof LEVELS)[number]

export interface CounterDoc {
  readonly name: string
  /** Bytes into the body of a Stat segment. */
  readonly index: number
  readonly oneliner: string
  readonly docs: string
  readonly semantics: 'c' | 'g' | 'b' | '?'
  /** integer, Bytes, bitmap, duration. */
  readonly format: 'i' | 'B' | 'b' | 'd' | '?'
  readonly level: Level
}

const SEMANTICS: Readonly<Record<string, CounterDoc['semantics']>> = { counter: 'c', gauge: 'g', bitmap: 'b' }
const FORMATS: Readonly<Record<string, CounterDoc['format']>> = { integer: 'i', bytes: 'B', bitmap: 'b', duration: 'd' }

/** Of any class: no server has as many. */
const COUNTERS_MAX = 4096
const TEXT_MAX = 4096

/** `bytes` is the segment. Undefined: it is not one, or not complete. */
export function readDoc(bytes: Buffer): CounterDoc[] | undefined {
  const text = bodyOf(bytes)
  let found: unknown
  try {
    found = text === undefined ? undefined : JSON.parse(text)
  } catch {
    return undefined
  }
  if (!isRecord(found) || !isRecord(found['elem'])) return undefined
  const docs = Object.values(found['elem']).slice(0, COUNTERS_MAX).map(counterDoc)
  return docs.filter((doc) => doc !== undefined)
}

function bodyOf(bytes: Buffer): string | undefined {
  if (bytes.length < HEAD_BYTES) return undefined
  const offset = Number(bytes.readBigUInt64LE(8))
  if (offset < HEAD_BYTES || offset > bytes.length) return undefined
  const end = bytes.indexOf(0, offset)
  return bytes.toString('utf8', offset, end === -1 ? bytes.length : end)
}

function counterDoc(element: unknown): CounterDoc | undefined {
  if (!isRecord(element) || element['ctype'] !== 'uint64_t') return undefined
  const { name, index, oneliner, docs, type, format, level } = element
  if (typeof name !== 'string' || name === '' || !Number.isSafeInteger(Number(index)) || Number(index) < 0) return undefined
  return {
    name: oneLine(name),
    index: Number(index),
    oneliner: typeof oneliner === 'string' ? oneLine(oneliner) : '',
    docs: typeof docs === 'string' ? docs.slice(0, TEXT_MAX) : '',
    semantics: own(SEMANTICS, type) ?? '?',
    format: own(FORMATS, format) ?? '?',
    level: LEVELS.find((known) => known === level) ?? 'debug',
  }
}

function own<T>(table: Readonly<Record<string, T>>, key: unknown): T | undefined {
  return typeof key === 'string' && Object.hasOwn(table, key) ? table[key] : undefined
}

/** Nothing of it moves a terminal's cursor. */
export function oneLine(text: string): string {
  return text.replaceAll(/\p{Cc}+/gu, ' ').slice(0, TEXT_MAX)
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
