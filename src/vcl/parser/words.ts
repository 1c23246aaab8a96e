import type { BytesLiteral, DurationLiteral, DurationUnit, Place } from '../ast.ts'

/** Words that begin a declaration or a statement, and those that once did or do elsewhere. */

export const DECLARATIONS = ['vcl', 'import', 'include', 'acl', 'backend', 'probe', 'sub', 'unused']
export const STATEMENTS = ['set', 'unset', 'if', 'call', 'return', 'new', 'ban', 'hash_data', 'synthetic', 'include']

export const GONE_DECLARATIONS: Readonly<Record<string, string>> = {
  director: 'directors are made in vcl_init: import directors; new name = directors.round_robin();',
}
export const GONE_STATEMENTS: Readonly<Record<string, string>> = {
  remove: 'use unset',
  error: 'use return (synth(status, "reason"));',
  purge: 'use return (purge);',
  esi: 'use set beresp.do_esi = true;',
  panic: 'use return (fail("reason"));',
  else: "an else belongs directly behind the '}' of its if",
  elseif: "an elseif belongs directly behind the '}' of its if",
  elsif: "an elsif belongs directly behind the '}' of its if",
  elif: "an elif belongs directly behind the '}' of its if",
  lookup: 'use return (hash); in vcl_recv, return (lookup); in vcl_hash',
  ...Object.fromEntries(['pass', 'pipe', 'deliver', 'fetch', 'hash', 'restart', 'fail'].map((word) => [word, `use return (${word});`])),
  while: 'VCL has no loops',
  for: 'VCL has no loops',
  switch: 'use if and elseif',
  goto: 'VCL has no goto',
  let: 'VCL has no variables; use a header',
  var: 'VCL has no variables; use a header',
  declare: 'VCL has no variables; use a header',
}

const SECONDS: Readonly<Record<DurationUnit, number>> = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86400, w: 604800, y: 31536000 }
const BYTE_UNIT = /^(?:B|([KMGT])B?)$/

/** A number and its unit; undefined when there is no such unit. */
export function withUnit(raw: string, unit: string, at: Place): DurationLiteral | BytesLiteral | undefined {
  const value = Number(raw)
  if (Object.hasOwn(SECONDS, unit)) {
    const known = unit as DurationUnit
    // Division keeps 5ms at exactly 0.005.
    return { kind: 'duration', at, raw, unit: known, seconds: known === 'ms' ? value / 1000 : value * SECONDS[known] }
  }
  const bytes = BYTE_UNIT.exec(unit)
  if (bytes === null) return undefined
  const power = bytes[1] === undefined ? 0 : 'KMGT'.indexOf(bytes[1]) + 1
  return { kind: 'bytes', at, raw, unit, bytes: Math.floor(value * 1024 ** power) }
}
