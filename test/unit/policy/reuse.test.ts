import { describe, expect, test } from 'vitest'
import { parseRequestDirectives } from '../../../src/policy/directives.ts'
import { OBJ_IMMUTABLE, OBJ_MUST_REVALIDATE, OBJ_NO_CACHE, OBJ_S_MAXAGE, OBJ_STALE_IF_ERROR } from '../../../src/policy/flags.ts'
import { policyFor } from '../../../src/policy/policy.ts'
import { isErrorStatus, mayReuse, mayServeOnError, REUSE, type FailureKind, type Reuse } from '../../../src/policy/reuse.ts'
import { fields, NOON_MS, S } from './given.ts'

const RFC = policyFor('rfc9111')
const VARNISH = policyFor('varnish')

interface Stored {
  ttl: number
  grace?: number
  keep?: number
  flags?: number
}

/** An object that left its origin at noon. */
function object({ ttl, grace = 0, keep = 0, flags = 0 }: Stored, ...lines: string[]) {
  return { t_origin_ms: NOON_MS, ttl_ms: ttl * S, grace_ms: grace * S, keep_ms: keep * S, flags, fields: fields(...lines) }
}

function asks(cacheControl: string, req_ttl_s?: number, req_grace_s?: number) {
  const directives = parseRequestDirectives(cacheControl === '' ? fields() : fields(`Cache-Control: ${cacheControl}`))
  return { directives, req_ttl_s, req_grace_s }
}

const { fresh, stale, revalidate, no } = REUSE

describe('reuse under rfc9111, RFC 9111 section 4', () => {
  const rows: [stored: Stored, age_s: number, asked: string, expected: Reuse][] = [
    [{ ttl: 10 }, 0, '', fresh],
    [{ ttl: 10 }, 9.999, '', fresh],
    [{ ttl: 10 }, 10, '', no],
    [{ ttl: 10, keep: 5 }, 10, '', revalidate],
    [{ ttl: 10, keep: 5 }, 15, '', no],
    [{ ttl: 0, keep: 5 }, 0, '', revalidate],
    [{ ttl: -1, keep: 5 }, 0, '', revalidate],
    [{ ttl: 10 }, -100, '', fresh],
    // Grace is somebody's permission already.
    [{ ttl: 10, grace: 5 }, 10, '', stale],
    [{ ttl: 10, grace: 5 }, 14.9, '', stale],
    [{ ttl: 10, grace: 5 }, 15, '', no],
    [{ ttl: 10, grace: 5, keep: 5 }, 15, '', revalidate],
    // no-cache of the response: validated on every use.
    [{ ttl: 10, keep: 5, flags: OBJ_NO_CACHE }, 0, '', revalidate],
    [{ ttl: 0, keep: 5, flags: OBJ_NO_CACHE }, 0, 'max-stale', revalidate],
    // no-cache and max-age of the request.
    [{ ttl: 10 }, 0, 'no-cache', revalidate],
    [{ ttl: 10, grace: 5 }, 12, 'no-cache', revalidate],
    [{ ttl: 10 }, 0, 'max-age=0', revalidate],
    [{ ttl: 10 }, 5, 'max-age=5', fresh],
    [{ ttl: 10 }, 5.001, 'max-age=5', revalidate],
    [{ ttl: 10 }, 5, 'max-age=x', revalidate],
    [{ ttl: 10, grace: 5 }, 12, 'max-age=60', revalidate],
    [{ ttl: 10, grace: 5 }, 12, 'max-age=60, max-stale', stale],
    [{ ttl: 10, grace: 5 }, 12, 'max-age=11, max-stale', revalidate],
    // immutable (RFC 8246): its age does not matter while it is fresh, unless the client insists.
    [{ ttl: 10, flags: OBJ_IMMUTABLE }, 5, 'max-age=0', fresh],
    [{ ttl: 10, flags: OBJ_IMMUTABLE }, 5, 'max-age=1', fresh],
    [{ ttl: 10, flags: OBJ_IMMUTABLE }, 5, 'no-cache', revalidate],
    [{ ttl: 10, flags: OBJ_IMMUTABLE }, 5, 'max-age=0, min-fresh=6', revalidate],
    [{ ttl: 10, grace: 5, flags: OBJ_IMMUTABLE }, 12, 'max-age=0', revalidate],
    // min-fresh.
    [{ ttl: 10 }, 5, 'min-fresh=5', fresh],
    [{ ttl: 10 }, 5, 'min-fresh=6', revalidate],
    [{ ttl: 10, grace: 5 }, 12, 'min-fresh=0', revalidate],
    [{ ttl: 10 }, 5, 'min-fresh=99999999999', revalidate],
    // max-stale, unless the response forbids it.
    [{ ttl: 10, keep: 60 }, 20, 'max-stale', stale],
    [{ ttl: 10, keep: 60 }, 20, 'max-stale=10', stale],
    [{ ttl: 10, keep: 60 }, 20, 'max-stale=9', revalidate],
    [{ ttl: 10, keep: 60 }, 20, 'max-stale=x', revalidate],
    [{ ttl: 10, keep: 60, flags: OBJ_MUST_REVALIDATE }, 20, 'max-stale', revalidate],
    [{ ttl: 10, keep: 60, flags: OBJ_S_MAXAGE }, 20, 'max-stale', revalidate],
    [{ ttl: 10, keep: 60 }, 20, 'max-stale, no-cache', revalidate],
    // only-if-cached and no-store change nothing about what is stored.
    [{ ttl: 10 }, 5, 'only-if-cached', fresh],
    [{ ttl: 10 }, 5, 'no-store', fresh],
    // Rules' grace is the operator's permission even where the response forbids stale use.
    [{ ttl: 10, grace: 5, flags: OBJ_MUST_REVALIDATE }, 12, '', stale],
  ]
  test.each(rows)('%j aged %ds, asked %j: %d', (stored, age_s, asked, expected) => {
    expect(mayReuse(RFC, object(stored), NOON_MS + age_s * S, asks(asked))).toBe(expected)
  })

  test('req.ttl and req.grace can only shorten', () => {
    const at = (age_s: number, ttl?: number, grace?: number) =>
      mayReuse(RFC, object({ ttl: 10, grace: 10, keep: 5 }), NOON_MS + age_s * S, asks('', ttl, grace))
    expect(at(6, 5)).toBe(stale)
    expect(at(6, 5, 0)).toBe(revalidate)
    expect(at(12, undefined, 1)).toBe(revalidate)
    expect(at(12, undefined, 100)).toBe(stale)
    expect(at(12, 100)).toBe(stale)
  })
})

test('policy=varnish does not hear the request', () => {
  for (const asked of ['', 'no-cache', 'max-age=0', 'min-fresh=100', 'max-stale']) {
    expect(mayReuse(VARNISH, object({ ttl: 10, grace: 5, keep: 5 }), NOON_MS + 5 * S, asks(asked))).toBe(fresh)
    expect(mayReuse(VARNISH, object({ ttl: 10, grace: 5, keep: 5 }), NOON_MS + 12 * S, asks(asked))).toBe(stale)
    expect(mayReuse(VARNISH, object({ ttl: 10, grace: 5, keep: 5 }), NOON_MS + 17 * S, asks(asked))).toBe(revalidate)
    expect(mayReuse(VARNISH, object({ ttl: 10, grace: 5, keep: 5 }), NOON_MS + 20 * S, asks(asked))).toBe(no)
  }
})

describe('a stale object in place of an error, section 4.2.4 and RFC 5861 section 4', () => {
  const SIE = 'Cache-Control: max-age=10, stale-if-error=30'
  const rows: [stored: Stored, lines: string[], age_s: number, asked: string, failure: FailureKind, expected: boolean][] = [
    [{ ttl: 10, grace: 5 }, [], 12, '', 'status', true],
    [{ ttl: 10, keep: 60 }, [], 12, '', 'status', false],
    [{ ttl: 10, keep: 60 }, [], 12, '', 'disconnected', true],
    [{ ttl: 10, keep: 60 }, [], 20, '', 'disconnected', false],
    [{ ttl: 10, keep: 60, flags: OBJ_STALE_IF_ERROR }, [SIE], 39, '', 'status', true],
    [{ ttl: 10, keep: 60, flags: OBJ_STALE_IF_ERROR }, [SIE], 39, '', 'disconnected', true],
    [{ ttl: 10, keep: 60, flags: OBJ_STALE_IF_ERROR }, [SIE], 40, '', 'status', false],
    [{ ttl: 10, keep: 60 }, [], 39, 'stale-if-error=30', 'status', true],
    [{ ttl: 10, keep: 60, flags: OBJ_STALE_IF_ERROR }, [SIE], 12, 'no-cache', 'status', false],
    [{ ttl: 10, keep: 60 }, [], 12, 'no-cache', 'disconnected', false],
    [{ ttl: 10, keep: 60, flags: OBJ_MUST_REVALIDATE }, [], 12, '', 'disconnected', false],
    [{ ttl: 10, keep: 60, flags: OBJ_MUST_REVALIDATE | OBJ_STALE_IF_ERROR }, [SIE], 12, '', 'status', false],
    [{ ttl: 10, keep: 60, flags: OBJ_S_MAXAGE }, [], 12, 'stale-if-error=30', 'disconnected', false],
    [{ ttl: 0, keep: 60, flags: OBJ_NO_CACHE }, [], 1, '', 'disconnected', false],
    [{ ttl: 10, grace: 5, flags: OBJ_MUST_REVALIDATE }, [], 12, '', 'status', true],
  ]
  test.each(rows)('%j %j aged %ds, asked %j, %s: %j', (stored, lines, age_s, asked, failure, expected) => {
    expect(mayServeOnError(RFC, object(stored, ...lines), NOON_MS + age_s * S, asks(asked).directives, failure)).toBe(expected)
  })

  test('policy=varnish: nothing, for whoever may have it in its grace does not wait for a fetch', () => {
    const stored = object({ ttl: 10, grace: 5, keep: 60, flags: OBJ_STALE_IF_ERROR }, SIE)
    expect(mayServeOnError(VARNISH, stored, NOON_MS + 12 * S, asks('').directives, 'status')).toBe(false)
    expect(mayServeOnError(VARNISH, stored, NOON_MS + 16 * S, asks('').directives, 'disconnected')).toBe(false)
  })

  test('which statuses are errors', () => {
    const errors = Array.from({ length: 600 }, (_, status) => status).filter(isErrorStatus)
    expect(errors).toEqual([500, 502, 503, 504])
  })
})
