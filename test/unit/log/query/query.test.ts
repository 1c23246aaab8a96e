import { describe, expect, test } from 'vitest'
import { OperatorError } from '../../../../src/base/errors.ts'
import { compileQuery } from '../../../../src/log/query/query.ts'
import { groupOf, recordsOf, transaction } from './kit.ts'

/** One transaction with one VCL_Log: is the query true of it? varnishlog 7.1 has been asked the same. */
function holds(query: string, text: string, caseless = false): boolean | undefined {
  return compileQuery(query, caseless)?.test(groupOf(['VCL_Log', text]))
}

const NUMBERS = [
  '5',
  '5.0',
  '5.7',
  '.5',
  '+5',
  '-5',
  ' 5',
  '5x',
  '0x5',
  '08',
  '1e3',
  '',
  'x',
  '-',
  '9999999999999999',
  '123456789012345',
  '12345678901234.5',
]

describe('numbers', () => {
  test.each<[string, string[]]>([
    ['VCL_Log == 5', ['5', '5.0', '5.7', ' 5', '5x']],
    ['VCL_Log != 5', ['.5', '-5', '0x5', '08', '1e3', '123456789012345']],
    ['VCL_Log < 5', ['.5', '-5', '0x5', '1e3']],
    ['VCL_Log == 5.0', ['5', '5.0', ' 5', '5x']],
    ['VCL_Log > 5.0', ['5.7', '08']],
    ['VCL_Log >= 16', ['123456789012345']],
    ['VCL_Log == 0x5', ['5', '5.0', '5.7', ' 5', '5x']],
    ['VCL_Log == 010', ['08']],
  ])('%s', (query, expected) => {
    expect(NUMBERS.filter((text) => holds(query, text))).toEqual(expected)
  })

  test('of those behind the point, the first three count', () => {
    expect(holds('VCL_Log == 0.1239', '0.1231')).toBe(true)
    expect(holds('VCL_Log > 0.123', '0.1239')).toBe(false)
  })
})

describe('texts', () => {
  test.each<[string, string, boolean]>([
    ['VCL_Log', 'anything', true],
    ['ReqURL', 'anything', false],
    ['VCL_L', 'the beginning of a name', true],
    ['vcl_log', 'whatever case', true],
    ['VCL_*', 'a glob', true],
    ['*_log', 'a glob', true],
    ['ReqURL,VCL_Log', 'a list', true],
    ['VCL_Log eq "a b"', 'a b', true],
    ['VCL_Log eq a', 'a b', false],
    ['VCL_Log ne a', 'a', false],
    ['VCL_Log ne a', 'b', true],
    ['VCL_Log eq A', 'a', false],
    ['VCL_Log ~ "^a.c$"', 'abc', true],
    ['VCL_Log !~ "^a.c$"', 'abc', false],
    ['VCL_Log:key eq value', 'KEY:  value', true],
    ['VCL_Log:key eq value', 'key2: value', false],
    ['VCL_Log:key', 'key', false],
    ['VCL_Log:key', 'key:', true],
    ['VCL_Log:"a b" eq c', 'a b: c', true],
    ['VCL_Log[2] eq b', '  a \t b  c', true],
    ['VCL_Log[4]', 'a b c', false],
    ['VCL_Log[3]', 'a b c', true],
    ['VCL_Log:key[2] == 2', 'key: 1 2 3', true],
    ["VCL_Log eq 'it\\'s'", "it's", true],
    ['VCL_Log eq "ü"', Buffer.from('ü').toString('latin1'), true],
    ['VCL_Log ~ "ü$"', Buffer.from('ü').toString('latin1'), true],
  ])('%s of %j', (query, text, expected) => {
    expect(holds(query, text)).toBe(expected)
  })

  test('whatever case, with -C', () => {
    expect(holds('VCL_Log eq AbC', 'aBc', true)).toBe(true)
    expect(holds('VCL_Log ~ "^B"', 'b', true)).toBe(true)
    expect(holds('VCL_Log ~ "(*NO_JIT)^B"', 'b', true)).toBe(true)
  })
})

describe('and, or, not', () => {
  const [a, b, c] = ['VCL_Log ~ a', 'VCL_Log ~ b', 'VCL_Log ~ c']
  test.each<[string, string[]]>([
    [`${a} or ${b} and ${c}`, ['a', 'bc', 'abc']],
    [`(${a} or ${b}) and ${c}`, ['bc', 'abc']],
    [`not ${a} and ${b}`, ['b', 'bc']],
    [`not (${a} or ${b})`, ['c']],
    [`${a}\n# a comment\n\n${b} # and another`, ['a', 'b', 'bc', 'abc']],
    [`${a} \\\n and ${b}`, ['abc']],
  ])('%s', (query, expected) => {
    expect(['a', 'b', 'c', 'bc', 'abc'].filter((text) => holds(query, text))).toEqual(expected)
  })
})

test('transactions and levels of a group', () => {
  const group = [
    transaction(recordsOf(['ReqURL', '/a']), 1, 10),
    transaction(recordsOf(['BereqURL', '/a']), 2, 11, 'bereq', 'fetch'),
    transaction(recordsOf(['ReqURL', '/b']), 2, 12, 'req', 'esi'),
  ]
  const told = ['vxid == 12', 'vxid > 12', 'vxid != 10', '{1}ReqURL eq "/b"', '{2}ReqURL eq "/b"', '{1+}BereqURL', '{1-}BereqURL', '{0}*']
  expect(told.filter((query) => compileQuery(query, false)?.test(group))).toEqual([
    'vxid == 12',
    'vxid != 10',
    '{2}ReqURL eq "/b"',
    '{1+}BereqURL',
  ])
})

describe('what is wrong is shown', () => {
  test.each<[string, string]>([
    ['Foo', 'query: Tag name matches zero tags\n  Foo\n  ^^^'],
    ['Req', 'query: Tag name is ambiguous\n  Req\n  ^^^'],
    ['*e*', 'query: Tag name has more than one *\n  *e*\n  ^^^'],
    ['ReqURL ~ "("', 'a parenthesis itself is \\(\n  ReqURL ~ "("\n            ^'],
    ['ReqURL and', 'query: Expected a tag, got the end\n  ReqURL and\n            ^'],
    ['ReqURL and\nRespStatus', 'query in line 1: Expected a tag, got the end\n  ReqURL and\n            ^'],
    [
      'ReqURL\nRespStatus = 5',
      'query in line 2: There is no such character in a query; put text into quotes\n  RespStatus = 5\n             ^',
    ],
    ['RespStatus > abc', 'query: This is not a number; texts are compared with eq, ne, ~ and !~\n  RespStatus > abc\n               ^^^'],
    ['(ReqURL', "query: Expected ')', got the end\n  (ReqURL\n         ^"],
    ['ReqURL)', "query: Expected and, or, or the end, got ')'\n  ReqURL)\n        ^"],
    ['ReqURL ReqURL', "query: Expected an operator, got 'ReqURL'\n  ReqURL ReqURL\n         ^^^^^^"],
    ['ReqURL eq "a', 'query: The quotes are not closed\n  ReqURL eq "a\n            ^^'],
    ['ReqURL[0]', 'query: Fields are counted from 1\n  ReqURL[0]\n         ^'],
    ['{x}ReqURL', 'query: A level is a number, with + or - behind it for more or less\n  {x}ReqURL\n   ^'],
    ['{1}vxid == 2', 'query: vxid takes no level\n  {1}vxid == 2\n  ^'],
    ['vxid ~ 2', "query: Expected one of == != < <= > >=, got '~'\n  vxid ~ 2\n       ^"],
  ])('%j', (query, message) => {
    expect(() => compileQuery(query, false)).toThrow(OperatorError)
    expect(() => compileQuery(query, false)).toThrow(message)
  })

  test.each(['', '  ', '# nothing', '\n\n'])('%j says nothing', (query) => {
    expect(compileQuery(query, false)).toBeUndefined()
  })

  test('a query may be long, not deep', () => {
    const long = Array.from({ length: 20_000 }, () => 'ReqURL').join(' or ')
    expect(holds(long, '/a')).toBe(false)
    expect(() => compileQuery(`${'('.repeat(10_000)}ReqURL${')'.repeat(10_000)}`, false)).toThrow('too many parentheses')
  })
})
