/** The built-in subs, their places in bit masks, and the helper subs of builtin.vcl that users may extend. */

export const SUB_NAMES = [
  'recv',
  'pipe',
  'pass',
  'hash',
  'purge',
  'miss',
  'hit',
  'deliver',
  'synth',
  'backend_fetch',
  'backend_refresh',
  'backend_response',
  'backend_error',
  'init',
  'fini',
] as const
export type SubName = (typeof SUB_NAMES)[number]

/** A set of built-in subs: bit i is SUB_NAMES[i]. */
export type SubMask = number

/** Short words for sets of subs, as the tables write them; any SubName is such a word too. */
const GROUPS: Readonly<Record<string, readonly SubName[]>> = {
  '-': [],
  A: SUB_NAMES,
  C: SUB_NAMES.slice(0, 9),
  B: SUB_NAMES.slice(9, 13),
  BR: ['backend_refresh', 'backend_response', 'backend_error'],
  bfetch: ['backend_fetch'],
  brefresh: ['backend_refresh'],
  bresp: ['backend_response'],
  berr: ['backend_error'],
}

/** `maskOf('recv pipe B')`: the set that these words name. */
export function maskOf(words: string): SubMask {
  let mask = 0
  for (const word of words.split(' ')) {
    const names = GROUPS[word] ?? [word as SubName]
    for (const name of names) mask |= bitOf(name)
  }
  return mask
}

export function bitOf(name: SubName): SubMask {
  const i = SUB_NAMES.indexOf(name)
  if (i < 0) throw new Error(`no such sub: ${name}`)
  return 1 << i
}

export function namesIn(mask: SubMask): string[] {
  return SUB_NAMES.filter((_, i) => mask & (1 << i)).map((name) => `vcl_${name}`)
}

/** The subs a loaded rule set runs for requests. */
export const RUNNABLE_SUBS = [
  'recv',
  'pipe',
  'pass',
  'hash',
  'purge',
  'miss',
  'hit',
  'deliver',
  'synth',
  'backend_fetch',
  'backend_refresh',
  'backend_response',
  'backend_error',
] as const satisfies readonly SubName[]

/** Helper subs of builtin.vcl: like the built-in subs, several definitions are concatenated. */
export const HELPER_SUBS: readonly string[] = [
  ...SUB_NAMES.slice(0, 13).map((name) => `vcl_builtin_${name}`),
  'vcl_req_host',
  'vcl_req_method',
  'vcl_req_authorization',
  'vcl_req_cookie',
  'vcl_refresh_valid',
  'vcl_refresh_conditions',
  'vcl_refresh_status',
  'vcl_beresp_stale',
  'vcl_beresp_cookie',
  'vcl_beresp_control',
  'vcl_beresp_vary',
  'vcl_beresp_hitmiss',
  'vcl_beresp_range',
]

export type SubKind = 'builtin' | 'helper' | 'custom' | 'unknown'

/** What a folded (lower-case) sub name stands for. `vcl_` is reserved: other names with it are unknown. */
export function kindOfSub(folded: string): SubKind {
  if (!folded.startsWith('vcl_')) return 'custom'
  if ((SUB_NAMES as readonly string[]).includes(folded.slice(4))) return 'builtin'
  return HELPER_SUBS.includes(folded) ? 'helper' : 'unknown'
}
