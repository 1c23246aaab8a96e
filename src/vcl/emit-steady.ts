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
