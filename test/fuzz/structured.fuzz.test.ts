/**
 * Structured fields read by us and by the package structured-headers, which is somebody else's reading of RFC 9651: both find the same
 * members, or both find none. The corpus is run as it is and is what the generator damages; a failure prints the field.
 * LACQUER_FUZZ_ROUNDS and LACQUER_FUZZ_SEED for more.
 */
import { readFileSync } from 'node:fs'
import { DisplayString, parseDictionary as theirs, parseList as theirList, Token } from 'structured-headers'
import { expect, test } from 'vitest'
import { parseDictionary, parseList, type BareItem, type Member } from '../../src/http/structured.ts'
import { randomFrom } from './generate.ts'

const ROUNDS = Number(process.env['LACQUER_FUZZ_ROUNDS'] ?? 20_000)
const SEED = Number(process.env['LACQUER_FUZZ_SEED'] ?? 20261125)
const corpus = texts('dictionaries')
const lists = texts('lists')

function texts(name: string): string[] {
  return readFileSync(new URL(`corpus/structured/${name}.txt`, import.meta.url), 'latin1')
    .split('\n')
    .slice(0, -1)
}

type Read = Record<string, unknown> | readonly unknown[] | 'invalid'

function ours(text: string): Read {
  const read = parseDictionary(text)
  return read === undefined ? 'invalid' : Object.fromEntries(Array.from(read, ([key, member]) => [key, plain(member)]))
}

/** In the same words as `asOurs`. Both kinds of number are one in JavaScript, and so to the other parser. */
function plain(member: Member): unknown {
  if (member.type === 'list') return member.value.map(plainItem)
  return plainItem(member)
}

function plainItem(item: BareItem): unknown {
  switch (item.type) {
    case 'integer':
    case 'decimal':
      return item.value + 0
    case 'date':
      return { date: item.value + 0 }
    case 'token':
      return { token: item.value }
    case 'bytes':
      return { bytes: Buffer.from(item.value, 'base64').toString('hex') }
    case 'display':
      return { display: decodeURIComponent(item.value) }
    default:
      return item.value
  }
}

function second(text: string): Read {
  try {
    return Object.fromEntries(Array.from(theirs(text), ([key, [value]]) => [key, asOurs(value)]))
  } catch {
    return 'invalid'
  }
}

function asOurs(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item: unknown[]) => asOurs(item[0]))
  if (typeof value === 'number') return value + 0
  if (value instanceof Date) return { date: value.getTime() / 1000 }
  if (value instanceof Token) return { token: value.toString() }
  if (value instanceof DisplayString) return { display: value.toString() }
  if (value instanceof ArrayBuffer) return { bytes: Buffer.from(value).toString('hex') }
  return value
}

/** What damage is made of: the characters that mean something to the grammar, and some that do not belong. */
const PIECES = [
  '=;,() \t"\\:?%*-.019aZ_&é\x7f\x00'.split(''),
  '=1',
  '="x"',
  ';p',
  ', b',
  '()',
  '%"',
  '?1',
  ':YQ==:',
  '-1',
  '.5',
  '000000',
].flat()

function damaged(random: () => number, from = corpus): string {
  let text = from[Math.floor(random() * from.length)]
  for (let times = Math.floor(random() * 4); times >= 0; times--) {
    const at = Math.floor(random() * (text.length + 1))
    const gone = random() < 0.5 ? Math.floor(random() * 3) : 0
    const piece = random() < 0.8 ? PIECES[Math.floor(random() * PIECES.length)] : from[Math.floor(random() * from.length)]
    text = text.slice(0, at) + piece + text.slice(at + gone)
  }
  return text
}

/** structured-headers 2.1.0 takes a date only at the end of a field, and only one that JavaScript's Date can hold: of others it is not asked. */
const DATE_WITHIN = /@-?([0-9]+[^0-9]|[0-9]{13})/

function disagreement(text: string): string | undefined {
  if (DATE_WITHIN.test(text)) return undefined
  const [one, other] = [JSON.stringify(ours(text)), JSON.stringify(second(text))]
  return one === other ? undefined : `${JSON.stringify(text)}: ours ${one}, theirs ${other}`
}

test.each(corpus)('%s', (text) => {
  expect(disagreement(text)).toBeUndefined()
})

test(`${ROUNDS} damaged fields (seed ${SEED})`, () => {
  const random = randomFrom(SEED)
  let valid = 0
  for (let round = 0; round < ROUNDS; round++) {
    const text = damaged(random)
    expect(disagreement(text)).toBeUndefined()
    if (parseDictionary(text) !== undefined) valid++
  }
  // Damage that nothing survives would test nothing.
  expect(valid).toBeGreaterThan(ROUNDS / 40)
})

function listDisagreement(text: string): string | undefined {
  if (DATE_WITHIN.test(text)) return undefined
  const one: Read = parseList(text)?.map(plain) ?? 'invalid'
  const other = secondList(text)
  return JSON.stringify(one) === JSON.stringify(other)
    ? undefined
    : `${JSON.stringify(text)}: ours ${JSON.stringify(one)}, theirs ${JSON.stringify(other)}`
}

function secondList(text: string): Read {
  try {
    return theirList(text).map(([value]) => asOurs(value))
  } catch {
    return 'invalid'
  }
}

test.each(lists)('the list %s', (text) => {
  expect(parseList(text)).toBeDefined()
  expect(listDisagreement(text)).toBeUndefined()
})

test(`${ROUNDS} damaged lists (seed ${SEED})`, () => {
  const random = randomFrom(SEED)
  let valid = 0
  for (let round = 0; round < ROUNDS; round++) {
    const text = damaged(random, lists)
    expect(listDisagreement(text)).toBeUndefined()
    if (parseList(text) !== undefined) valid++
  }
  expect(valid).toBeGreaterThan(ROUNDS / 40)
})
