import type { Lines } from '../model/rfc9111/message.ts'

/** A kind of resource: what its origin says of each response, besides the secret that is in it. */
export interface Profile {
  readonly name: string
  readonly status?: number
  readonly lines: Lines
  /** An entity-tag for each user, or one for all, or none. */
  readonly etag?: 'own' | 'one'
  /** A session for the one who asked. */
  readonly cookie?: true
  /** How often it fails instead, of 10 times: with a 503 for the one who asked, without an answer, within its body. */
  readonly fails?: number
  /** It answers ranges. */
  readonly ranges?: true
}

const cc = (value: string): readonly [string, string] => ['Cache-Control', value]

export const PROFILES: readonly Profile[] = [
  { name: 'max-age', lines: [cc('max-age=1')] },
  { name: 'public', lines: [cc('public, max-age=1')], etag: 'own' },
  { name: 's-maxage', lines: [cc('s-maxage=1')], ranges: true, etag: 'own' },
  { name: 'must-revalidate', lines: [cc('max-age=0, must-revalidate')], etag: 'own' },
  { name: 'private', lines: [cc('private, max-age=60')], etag: 'own' },
  { name: 'private in a second line', lines: [cc('max-age=60'), cc('private')] },
  { name: 'no-store', lines: [cc('no-store, max-age=60')] },
  { name: 'no-cache, one tag for all', lines: [cc('no-cache')], etag: 'one' },
  { name: 'no-cache', lines: [cc('public, no-cache')], etag: 'own' },
  { name: 'a cookie and a life', lines: [cc('max-age=1')], cookie: true, etag: 'one' },
  { name: 'a cookie', lines: [['Expires', 'Thu, 01 Jan 2099 00:00:00 GMT']], cookie: true },
  { name: 'a private field', lines: [cc('public, max-age=1, private="X-Secret"')], etag: 'one' },
  { name: 'private fields', lines: [cc('s-maxage=1, no-cache="set-cookie, x-secret"')], cookie: true, etag: 'own' },
  { name: 'varies by cookie', lines: [cc('public, max-age=1'), ['Vary', 'Cookie']] },
  { name: 'varies by authorization', lines: [cc('public, max-age=1'), ['Vary', 'Authorization, Accept-Encoding']], etag: 'own' },
  { name: 'varies by user', lines: [cc('public, max-age=1'), ['Vary', 'X-User']], cookie: true },
  { name: 'varies by anything', lines: [cc('public, max-age=60'), ['Vary', '*']] },
  { name: 'says nothing', lines: [['Last-Modified', 'Wed, 01 Jan 2020 00:00:00 GMT']] },
  { name: 'stale-while-revalidate', lines: [cc('max-age=0, stale-while-revalidate=60')], etag: 'own', fails: 3 },
  { name: 'stale-if-error', lines: [cc('public, max-age=0, stale-if-error=60')], etag: 'one', fails: 5 },
  { name: 'must-understand', lines: [cc('max-age=1, must-understand, no-store')] },
  { name: 'an error with a life', status: 503, lines: [cc('public, max-age=1')] },
  { name: 'a private error', status: 404, lines: [cc('private, max-age=1')] },
  { name: 'ranges', lines: [cc('public, max-age=1')], etag: 'own', ranges: true, fails: 1 },
  { name: 'private ranges', lines: [cc('private, max-age=60')], etag: 'own', ranges: true },
  { name: 'breaks', lines: [cc('public, max-age=60')], fails: 8 },
]
