import { describe, expect, test } from 'vitest'
import { AS_CANONICAL, AS_LOWER, AS_OTHER, KNOWN_KEYS, KNOWN_NAMES, STEERING_IDS, lookupName, matchName } from '../../../src/http/names.ts'

function lookup(name: string): number {
  return lookupName(Buffer.from('<' + name + '>', 'latin1'), 1, 1 + name.length)
}

/** `name` with the byte at `at` replaced by another letter. */
function withOtherByte(name: string, at: number): string {
  const other = name[at].toLowerCase() === 'q' ? 'w' : 'q'
  return name.slice(0, at) + other + name.slice(at + 1)
}

test('names are there once, and those that steer are first', () => {
  expect(new Set(KNOWN_KEYS).size).toBe(KNOWN_NAMES.length)
  expect(KNOWN_KEYS.slice(0, STEERING_IDS)).toEqual(['host', 'content-length', 'transfer-encoding', 'connection', 'expect', 'upgrade'])
})

describe('a known name is found in any spelling, and only when every byte is right', () => {
  for (const [id, name] of KNOWN_NAMES.entries())
    test(name, () => {
      expect(lookup(name)).toBe((id << 2) | AS_CANONICAL)
      expect(lookup(name.toLowerCase()) >> 2).toBe(id)
      expect(lookup(name.toUpperCase()) >> 2).toBe(id)
      for (let at = 0; at < name.length; at++) expect(lookup(withOtherByte(name, at)) >> 2).not.toBe(id)
      expect(lookup(name + 's') >> 2).not.toBe(id)
      expect(lookup(name.slice(1)) >> 2).not.toBe(id)
      expect(lookup(name.slice(0, -1)) >> 2).not.toBe(id)
    })
})

test('the spelling is told', () => {
  expect(lookup('Host') & 3).toBe(AS_CANONICAL)
  expect(lookup('host') & 3).toBe(AS_LOWER)
  expect(lookup('hOST') & 3).toBe(AS_OTHER)
})

test('a guess is right only if name, spelling and colon are there', () => {
  const host = lookup('Host')
  const match = (text: string, known: number): number => matchName(Buffer.from(text, 'latin1'), 0, text.length, known)
  expect(match('Host: a', host)).toBe(4)
  expect(match('Host:', host)).toBe(4)
  expect(match('host:', lookup('host'))).toBe(4)
  for (const wrong of ['Host', 'Hos', '', 'host:', 'Hosts:', 'Host :', 'Hxst:', 'qost:', 'Hosq:']) expect(match(wrong, host)).toBe(0)
})
