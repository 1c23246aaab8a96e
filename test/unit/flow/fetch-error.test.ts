import { expect, test } from 'vitest'
import { fetchErrorText } from '../../../src/flow/fetch-error.ts'
import type { FetchFailureKind } from '../../../src/origin/contract.ts'

/** The texts of the first column are those of varnishd 7.1. */
test.each<[string, FetchFailureKind, string, boolean]>([
  ['backend b: fail errno 111 (Connection refused)', 'connect', 'connect ECONNREFUSED 127.0.0.1:1', false],
  ['backend b: fail errno 2 (No such file or directory)', 'connect', 'connect ENOENT /run/b.sock', false],
  [
    'backend b: fail: connect ECONNREFUSED ::1:1; connect ECONNREFUSED 127.0.0.1:1',
    'connect',
    'connect ECONNREFUSED ::1:1; connect ECONNREFUSED 127.0.0.1:1',
    false,
  ],
  ['backend b: fail: self-signed certificate', 'connect', 'self-signed certificate', false],
  ['backend b: fail errno 110 (Connection timed out)', 'connect_timeout', 'Connect Timeout Error', false],
  ['first byte timeout', 'first_byte_timeout', 'no byte in 60 s', false],
  ['HTC eof (-1)', 'closed', 'read ECONNRESET', false],
  ['http format error: Expected HTTP/', 'malformed', 'Expected HTTP/', false],
  ['straight insufficient bytes: other side closed', 'incomplete', 'other side closed', false],
  ['chunked read err: other side closed', 'incomplete', 'other side closed', true],
  ['backend b: unhealthy', 'unhealthy', 'backend b: unhealthy', false],
])('%s', (text, kind, message, chunked) => {
  expect(fetchErrorText('b', { kind, message }, chunked)).toBe(text)
})
