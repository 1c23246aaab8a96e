import { describe, expect, test } from 'vitest'
import { invalidatedUrls, invalidates } from '../../../src/policy/invalidation.ts'
import { policyFor } from '../../../src/policy/policy.ts'
import { fields } from './given.ts'

describe('which answers invalidate, RFC 9111 section 4.4', () => {
  const rows: [method: string, status: number, expected: boolean][] = [
    ['POST', 200, true],
    ['PUT', 204, true],
    ['DELETE', 301, true],
    ['PATCH', 399, true],
    ['M-SEARCH', 200, true],
    ['FOO', 200, true],
    ['get', 200, true],
    ['POST', 100, false],
    ['POST', 400, false],
    ['POST', 500, false],
    ['POST', 999, false],
    ['GET', 200, false],
    ['HEAD', 200, false],
    ['OPTIONS', 200, false],
    ['TRACE', 200, false],
    ['QUERY', 200, false],
  ]
  test.each(rows)('%s %d: %j', (method, status, expected) => {
    expect(invalidates(policyFor('rfc9111'), method, status)).toBe(expected)
    expect(invalidates(policyFor('varnish'), method, status)).toBe(false)
  })
})

describe('what they invalidate', () => {
  const rows: [name: string, host: string, url: string, sent: string[], expected: string[]][] = [
    ['the target', 'a', '/x?y', [], ['/x?y']],
    ['Location and Content-Location', 'a', '/x', ['Location: /l', 'Content-Location: /c?d'], ['/x', '/l', '/c?d']],
    ['relative to the target', 'a', '/x/y', ['Location: z'], ['/x/y', '/x/z']],
    ['absolute, same origin, either scheme', 'a', '/x', ['Location: https://A/l', 'Content-Location: http://a:80/c'], ['/x', '/l', '/c']],
    ['once', 'a', '/x', ['Location: /x', 'Content-Location: /x#frag'], ['/x']],
    ['never another host', 'a', '/x', ['Location: http://b/l', 'Content-Location: //b/c'], ['/x']],
    ['never another port', 'a:81', '/x', ['Location: http://a/l', 'Content-Location: http://a:81/c'], ['/x', '/c']],
    ['user information does not make it ours', 'a', '/x', ['Location: http://a@b/l'], ['/x']],
    ['other schemes', 'a', '/x', ['Location: javascript:alert(1)', 'Content-Location: ftp://a/c'], ['/x']],
    ['nonsense', 'a', '/x', ['Location: http://[', 'Content-Location:'], ['/x']],
    ['a Host that is none', 'a b', '/x', ['Location: /l'], ['/x']],
    ['asterisk form', 'a', '*', ['Location: /l'], ['*', '/l']],
  ]
  test.each(rows)('%s', (_, host, url, sent, expected) => expect(invalidatedUrls(host, url, fields(...sent))).toEqual(expected))
})
