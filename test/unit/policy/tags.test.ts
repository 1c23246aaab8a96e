import { describe, expect, test } from 'vitest'
import { parseTagFields } from '../../../src/config/tag-fields.ts'
import { Fields } from '../../../src/http/fields.ts'
import { keysIn, purgesOfGroups, purgesOfTags, TAGS_MAX, tagsOf } from '../../../src/policy/tags.ts'

const FIELDS = parseTagFields('xkey:space, Cache-Tag:comma')!

function fields(...lines: string[]): Fields {
  const all = new Fields()
  for (const line of lines) all.append(line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim())
  return all
}

function tags(...lines: string[]): string[] {
  return tagsOf(FIELDS, fields(...lines), 'key', 'a.example').slice(1)
}

describe('tags of a response', () => {
  test.each([
    ['a line apart by white space', ['xkey: a  b\tc'], ['Ta', 'Tb', 'Tc']],
    ['several lines, a tag that comes twice', ['XKEY: a', 'Xkey: b a'], ['Ta', 'Tb']],
    ['commas are part of a tag', ['xkey: a,b'], ['Ta,b']],
    ['apart by commas, with space around and within', ['Cache-Tag: a b , c,,d'], ['Ta b', 'Tc', 'Td']],
    ['both', ['Cache-Tag: a', 'xkey: a b'], ['Ta', 'Tb']],
    ['none', ['xkey: ', 'Cache-Tag: , ,', 'Surrogate-Key: c'], []],
    ['bytes beyond ASCII', ['xkey: caf\xc3\xa9'], ['Tcaf\xc3\xa9']],
    ['groups', ['Cache-Groups: "a", "b c";x', 'Cache-Groups: "d\\"e"'], ['Ga.example\na', 'Ga.example\nb c', 'Ga.example\nd"e']],
    ['groups that are no List of Strings', ['Cache-Groups: "a", b'], []],
    ['groups that break off', ['Cache-Groups: "a", "b'], []],
  ])('%s', (_, lines, expected) => {
    expect(new Set(tags(...lines))).toEqual(new Set(expected))
  })

  test('the key comes first, and can be mistaken for no tag', () => {
    expect(tagsOf(FIELDS, fields('xkey: key'), 'key', 'a')).toEqual(['Kkey', 'Tkey'])
  })

  test('one too many, and it goes with every purge', () => {
    const most = Array.from({ length: TAGS_MAX }, (_, i) => `t${i}`).join(' ')
    expect(tags(`xkey: ${most}`).length).toBe(TAGS_MAX)
    expect(tags(`xkey: ${most} more`)).toEqual(['A'])
    expect(purgesOfTags(['x'])).toEqual(['Tx', 'A'])
    expect(purgesOfTags([])).toEqual([])
  })

  test('an origin is told by host and port', () => {
    const of = (host: string): string => purgesOfGroups(fields('Cache-Group-Invalidation: "a"'), host)[0]
    expect(new Set(['A.example', 'a.EXAMPLE:80', 'a.example:443'].map(of)).size).toBe(1)
    expect(of('a.example:8080')).not.toBe(of('a.example'))
  })
})

test.each([
  ['a', ['a']],
  [' a  b\tc ', ['a', 'b', 'c']],
  ['a,b c', ['a,b', 'a', 'b', 'c']],
  [',', [',']],
  ['', []],
])('keys in %j', (text, expected) => {
  expect(keysIn(text)).toEqual(expected)
})

test.each(['xkey', 'xkey:', 'xkey:semicolon', ':space', 'a b:space', 'x:space:comma', '', 'x(y):comma', 'a:space,'])(
  'tag_fields: %j is no list of fields',
  (text) => {
    expect(parseTagFields(text)).toBeUndefined()
  },
)

test('tag_fields: names are folded; none is none', () => {
  expect(parseTagFields('X-Tags:comma xkey:space')).toEqual([
    { key: 'x-tags', separator: 'comma' },
    { key: 'xkey', separator: 'space' },
  ])
  expect(parseTagFields('none')).toEqual([])
})
