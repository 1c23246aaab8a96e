import type { Cache } from '../../src/cache/cache.ts'
import { Fields } from '../../src/http/fields.ts'
import { RequestHead } from '../../src/http/message.ts'
import { NO_DIRECTIVES } from '../../src/policy/directives.ts'
import type { ObjectHead } from '../../src/store/contract.ts'

/** What a cache or a store is asked with, and given, where it is tested without a worker: say only what the test is about. */

export type Lookup = Parameters<Cache['lookup']>[1]

/** A request for which rules have said nothing. */
export function lookupOf(req = new RequestHead()): Lookup {
  return {
    req,
    directives: NO_DIRECTIVES,
    hash_always_miss: false,
    hash_ignore_busy: false,
    hash_ignore_vary: false,
    req_grace_s: undefined,
    req_ttl_s: undefined,
    thaws: 0,
    invalidated: () => {},
  }
}

type Times = Pick<ObjectHead, 't_origin_ms' | 'ttl_ms'>

export function objectHead(said: Times & Partial<ObjectHead>): ObjectHead {
  return {
    xid: 1,
    status: 200,
    reason: 'OK',
    fields: new Fields(),
    grace_ms: 0,
    keep_ms: 0,
    flags: 0,
    validatable: false,
    headText: 'HTTP/1.1 200 OK\r\n',
    ...said,
  }
}
