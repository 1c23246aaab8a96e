import { describe, expect, test } from 'vitest'
import { assert, AssertionError, unreachable } from '../../../src/base/assert.ts'
import { codeOf, messageOf, OperatorError, readFault } from '../../../src/base/errors.ts'
import { nearest } from '../../../src/base/nearest.ts'

test('an operator error ends the program with 1', () => {
  expect(new OperatorError('-a :80: the port is in use')).toMatchObject({ exitCode: 1, message: '-a :80: the port is in use' })
})

test('an assertion speaks only when broken', () => {
  expect(() => assert(true, 'quiet')).not.toThrow()
  expect(() => assert(false, 'a body is released once')).toThrow(new AssertionError('a body is released once'))
  expect(() => unreachable('x' as never)).toThrow(AssertionError)
})

test.each([
  [new Error('one\r\ntwo'), 'one  two'],
  ['text', 'text'],
  [undefined, 'undefined'],
])('anything thrown has a message of one line: %s', (thrown, text) => expect(messageOf(thrown)).toBe(text))

test.each([
  [Object.assign(new Error('x'), { code: 'EADDRINUSE' }), 'EADDRINUSE'],
  [Object.assign(new Error('x'), { code: 7 }), undefined],
  [{ code: 'ENOENT' }, undefined],
  [new Error('x'), undefined],
])('the system’s code of an error, if it is one', (thrown, code) => expect(codeOf(thrown)).toBe(code))

describe('the word that was meant', () => {
  const words = ['default_ttl', 'default_grace', 'serve', 'stat', 'top']
  test.each([
    ['default_tll', 'default_ttl'],
    ['DEFAULT_GRACE', 'default_grace'],
    ['sevre', 'serve'],
    ['stats', 'stat'],
    ['zzz', undefined],
    ['', undefined],
    ['x'.repeat(100_000), undefined],
  ])('%.20s', (word, meant) => expect(nearest(word, words)).toBe(meant))
})

test('why a file cannot be read', () => {
  const fault = (code: string) => readFault(Object.assign(new Error('x'), { code }))
  expect(['ENOENT', 'EACCES', 'EISDIR', 'EIO'].map(fault)).toEqual([
    'there is no such file',
    'not permitted to read it',
    'is a directory',
    'cannot be read (EIO)',
  ])
})
