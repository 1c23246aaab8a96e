import type { Step, Target, Value } from './check/program.ts'

/**
 * vcl_recv and vcl_hash are *steady* for a request as long as what they do follows from its head and the addresses of its connection: then they
 * do the same for the same head, and flow/outcomes.ts may recall what they did. Emitted code notes in the context when they have asked for,
 * or changed, anything else. What is not in these lists is taken for such.
 */

/** Whoever recalls sets these again. */
export const STEADY_WRITES: ReadonlySet<string> = new Set([
  'client.identity',
  'req.backend_hint',
  'req.esi',
  'req.grace',
  'req.hash_always_miss',
  'req.hash_ignore_busy',
  'req.hash_ignore_vary',
  'req.max_age',
  'req.method',
  'req.ttl',
  'req.url',
])

export const STEADY_READS: ReadonlySet<string> = new Set([
  ...STEADY_WRITES,
  'client.ip',
  'req',
  'req.esi_level',
  'req.proto',
  'req.restarts',
  'req.transport',
  'req_top.method',
  'req_top.proto',
  'req_top.url',
  'server.hostname',
  'server.identity',
  'server.ip',
])

const STEADY_FIELDS: ReadonlySet<string> = new Set(['c.req.fields', 'c.req_top.fields'])

/** Functions and methods of modules that know nothing but their arguments, and do no more than set fields and write log records. */
export const STEADY_CALLS: ReadonlySet<string> = new Set([
  ...['fallback', 'random', 'round_robin'].map((type) => `directors.${type}.backend`),
  ...['append', 'copy', 'get', 'remove', 'regsub'].map((name) => `header.${name}`),
  ...[
    'bytes',
    'collect',
    'duration',
    'fnmatch',
    'integer',
    'ip',
    'log',
    'querysort',
    'real',
    'round',
    'strstr',
    'syntax',
    'tolower',
    'toupper',
  ].map((name) => `std.${name}`),
  ...['contains', 'count', 'endswith', 'reverse', 'split', 'startswith', 'take', 'token_intersect'].map((name) => `str.${name}`),
])

/** Is what this yields by itself, not counting what it is made of, steady? */
export function isSteady(value: Value): boolean {
  switch (value.kind) {
    case 'variable':
      return STEADY_READS.has(value.variable.name)
    case 'header':
      return STEADY_FIELDS.has(value.variable.fields)
    case 'header_ref':
      return STEADY_FIELDS.has(value.header.variable.fields)
    case 'vmod':
      return STEADY_CALLS.has(`${value.vmod}.${value.name}`)
    case 'object_call':
      return STEADY_CALLS.has(`${value.vmod}.${value.object_type}.${value.method}`)
    case 'resolve':
      return false
    default:
      return true
  }
}

/**
 * What may be asked for by what is recalled in portions, besides field lines of the request (emit-portions.ts), in emitted code: what it asks for is the
 * same for one request after another.
 */
export const ASKED: ReadonlyMap<string, string> = new Map([
  ['req.backend_hint', 'c.backend_hint'],
  ['req.esi', 'c.req_esi'],
  ['req.esi_level', 'c.esi_level'],
  ['req.grace', 'c.req_grace_s'],
  ['req.hash_always_miss', 'c.hash_always_miss'],
  ['req.hash_ignore_busy', 'c.hash_ignore_busy'],
  ['req.hash_ignore_vary', 'c.hash_ignore_vary'],
  ['req.max_age', 'c.req_ttl_s'],
  ['req.method', 'c.req.method'],
  ['req.restarts', 'c.restarts'],
  ['req.ttl', 'c.req_ttl_s'],
  ['req.url', 'c.req.url'],
])

/** The same for every request. */
export const FIXED: ReadonlySet<string> = new Set(['req.transport', 'server.hostname', 'server.identity'])

/** Can what this yields by itself be asked for in a portion? */
export function isAskable(value: Value): boolean {
  switch (value.kind) {
    case 'variable':
      return ASKED.has(value.variable.name) || FIXED.has(value.variable.name)
    case 'header':
      return value.variable.fields === 'c.req.fields'
    case 'header_ref':
    case 'property':
    case 'sub':
      return false
    case 'vmod':
      return isSteady(value) && value.vmod !== 'header' && value.name !== 'collect'
    default:
      return isSteady(value)
  }
}

/** Can what this statement changes by itself be changed in a portion? */
export function isRepeatable(step: Step): boolean {
  if (step.kind !== 'set' && step.kind !== 'unset') return changesSteadily(step)
  const { target } = step
  return target.kind === 'header' ? target.variable.fields === 'c.req.fields' : ASKED.has(target.variable.name)
}

/** Is what this statement changes by itself set again by who recalls it? */
export function changesSteadily(step: Step): boolean {
  switch (step.kind) {
    case 'set':
    case 'unset':
      return isSteadyTarget(step.target)
    case 'ban':
    case 'synthetic':
    case 'new':
      return false
    default:
      return true
  }
}

function isSteadyTarget(target: Target): boolean {
  return target.kind === 'header' ? STEADY_FIELDS.has(target.variable.fields) : STEADY_WRITES.has(target.variable.name)
}
