import { expect, test } from 'vitest'
import type { Entry, Explanation } from '../../../src/explain/contract.ts'
import { withoutSecrets } from '../../../src/explain/secrets.ts'

function told(...entries: Entry[]): Explanation {
  return {
    worker: 0,
    rules: 'boot',
    policy: 'rfc9111',
    request: 'GET /?s=abcdef123456 HTTP/1.1',
    outcome: { state: 'complete', status: 200, reason: 'OK', head_bytes: 1, body_bytes: 1, ms: 1 },
    transactions: [{ xid: 2, kind: 'req', parent: 1, reason: 'rxreq', entries, unfinished: false }],
    truncated: false,
  }
}

const COOKIE: Entry = { is: 'record', tag: 'ReqHeader', text: 'Cookie: lang=de; session=abcdef123456' }

test('values of cookies and credentials are shortened wherever they are found', () => {
  const shown = withoutSecrets(
    told(
      COOKIE,
      { is: 'record', tag: 'ReqHeader', text: 'Authorization: Basic dXNlcjpwYXNz' },
      { is: 'record', tag: 'BerespHeader', text: 'Set-Cookie: id=0123456789; Path=/' },
      { is: 'record', tag: 'VCL_Log', text: 'session abcdef123456, dXNlcjpwYXNz' },
      { is: 'rule', path: 'a', line: 1, sub: 'vcl_recv', text: 'set ..', builtin: false, condition: false, value: 'x abcdef123456' },
      { is: 'note', about: 'key', text: ['key: "abcdef123456"'], facts: { parts: ['/a', 'abcdef123456'] } },
    ),
  )
  expect(JSON.stringify(shown)).not.toMatch(/abcdef123456|dXNlcjpwYXNz|0123456789/)
  expect(shown.transactions[0].entries.map((entry) => (entry.is === 'record' ? entry.text : ''))).toEqual([
    'Cookie: lang=de; session=abc...(12 characters)',
    'Authorization: Basic dXN...(12 characters)',
    'Set-Cookie: id=012...(10 characters); Path=/',
    'session abc...(12 characters), dXN...(12 characters)',
    '',
    '',
  ])
  expect(shown.request).toBe('GET /?s=abc...(12 characters) HTTP/1.1')
})

test('as many as there are', () => {
  const values = Array.from({ length: 2000 }, (_, i) => `(value.${i})`)
  const cookies: Entry = { is: 'record', tag: 'ReqHeader', text: `Cookie: ${values.map((value, i) => `c${i}=${value}`).join('; ')}` }
  const shown = withoutSecrets(told(cookies, { is: 'record', tag: 'ReqHeader', text: 'Authorization: Basic dXNlcjpwYXNz' }))
  expect(JSON.stringify(shown)).not.toMatch(/value\.|dXNlcjpwYXNz/)
})

test('what has none is left as it is', () => {
  const plain = told({ is: 'record', tag: 'ReqHeader', text: 'Host: abcdef' })
  expect(withoutSecrets(plain)).toBe(plain)
})

test('one that holds another is shortened as a whole', () => {
  const shown = withoutSecrets(told({ is: 'record', tag: 'ReqHeader', text: 'Cookie: a=secret; b=secretive-secret' }))
  expect(shown.transactions[0].entries[0]).toMatchObject({ text: 'Cookie: a=sec...(6 characters); b=sec...(16 characters)' })
})
