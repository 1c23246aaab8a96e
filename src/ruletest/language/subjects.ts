import type { Observation } from '../observation.ts'

/**
 * What `expect` can be about: one table that the parser, the runner and docs/reference/rule-tests.md read. Names are VCL's where
 * VCL has the thing.
 */
export type SubjectKind =
  /** `expect NAME OP VALUE`, or `expect NAME absent`. */
  | 'text'
  | 'number'
  /** Seconds, written with a unit. */
  | 'duration'
  /** Several texts: == and ~ ask for one of them, != and !~ for none. */
  | 'list'
  /** Several texts, all of them in their order. */
  | 'pieces'
  /** `expect NAME`, `expect not NAME`. */
  | 'flag'
  /** One of ACTIONS, written alone. */
  | 'action'

export type SubjectValue = string | number | boolean | readonly string[] | undefined

export interface SubjectRow {
  readonly name: string
  readonly kind: SubjectKind
  /** It has a name behind its dot, of a field or a backend. */
  readonly part?: 'header' | 'backend'
  /** Its values are names of these: others are a mistake. */
  readonly names?: 'backend' | 'sub'
  /** The largest of its numbers, where that is known; all are whole. */
  readonly max?: number
  readonly about: string
  readonly of: (seen: Observation, part: string) => SubjectValue
}

/** What became of a request, as `expect hit` says it. */
export const ACTIONS = {
  hit: 'a stored response was delivered, which another request may just have fetched',
  miss: 'it was fetched, to be stored if that is allowed',
  'hit-for-miss': 'a miss that waits for nobody, because an earlier response was not to be stored',
  pass: 'it was fetched around the store',
  'hit-for-pass': 'a pass, because an earlier response said return (pass)',
  pipe: 'the connection became a tunnel',
  synth: 'vcl_synth answered',
  purge: 'return (purge): taken out, and vcl_synth answered',
} as const
export type ActionName = keyof typeof ACTIONS

export const SUBJECTS: readonly SubjectRow[] = [
  {
    name: 'action',
    kind: 'action',
    about: 'what became of the request: written as `expect hit`, `expect not pass`',
    of: (seen) => seen.action,
  },
  { name: 'answered', kind: 'flag', about: 'the client has its whole response', of: (seen) => seen.reply.state === 'complete' },
  { name: 'broken', kind: 'flag', about: 'the response ended in the middle', of: (seen) => seen.reply.state === 'broken' },
  { name: 'stored', kind: 'flag', about: 'a fetch of this request put its response into the store', of: (seen) => seen.stored },
  { name: 'stale', kind: 'flag', about: 'the delivered response was past its ttl', of: (seen) => seen.stale },
  { name: 'resp.status', kind: 'number', max: 999, about: 'status that the client got', of: (seen) => seen.reply.status },
  { name: 'resp.reason', kind: 'text', about: 'its reason phrase', of: (seen) => seen.reply.reason },
  {
    name: 'resp.http',
    kind: 'text',
    part: 'header',
    about: 'a field of the response; several lines are joined by ", "',
    of: (seen, key) => seen.reply.fields?.combined(key),
  },
  { name: 'resp.body', kind: 'text', about: 'the body that the client got', of: (seen) => seen.reply.body },
  { name: 'resp.size', kind: 'number', about: 'its length in bytes', of: (seen) => seen.reply.body.length },
  { name: 'age', kind: 'duration', about: 'the Age field of the response', of: (seen) => seconds(seen.reply.fields?.get('age')) },
  { name: 'req.method', kind: 'text', about: 'the method, as rules left it', of: (seen) => seen.req.method },
  { name: 'req.url', kind: 'text', about: 'the URL, as rules left it', of: (seen) => seen.req.url },
  {
    name: 'req.http',
    kind: 'text',
    part: 'header',
    about: 'a field of the request, as rules left it',
    of: (seen, key) => seen.req.fields.combined(key),
  },
  { name: 'hash', kind: 'pieces', about: 'what hash_data() was given, piece by piece', of: (seen) => seen.hash },
  { name: 'restarts', kind: 'number', about: 'how often the request was restarted', of: (seen) => seen.restarts },
  { name: 'retries', kind: 'number', about: 'how often its fetches were retried', of: (seen) => seen.retries },
  {
    name: 'calls',
    kind: 'text',
    names: 'sub',
    about: 'the subs that were called, without `vcl_`, with a space between: "recv hash miss backend_fetch ..."',
    of: (seen) => seen.calls,
  },
  { name: 'log', kind: 'list', about: 'lines of std.log(), of the request, its fetches and its includes', of: (seen) => seen.log },
  { name: 'error', kind: 'list', about: 'what went wrong in rules or with the origin', of: (seen) => seen.errors },
  {
    name: 'fetches',
    kind: 'number',
    about: 'requests that an origin got because of this one, with background fetches and what its page includes (ESI)',
    of: (seen) => seen.exchanges.length,
  },
  { name: 'includes', kind: 'number', about: 'requests of the rules for what its page includes (ESI)', of: (seen) => seen.includes },
  {
    name: 'backend',
    kind: 'text',
    names: 'backend',
    about: 'the backend that got the last of its own',
    of: (seen) => seen.last?.backend,
  },
  { name: 'bereq.method', kind: 'text', about: 'its method, as the origin got it', of: (seen) => seen.last?.head.method },
  { name: 'bereq.url', kind: 'text', about: 'its URL', of: (seen) => seen.last?.head.url },
  {
    name: 'bereq.http',
    kind: 'text',
    part: 'header',
    about: 'a field of it',
    of: (seen, key) => seen.last?.head.fields.combined(key),
  },
  { name: 'bereq.body', kind: 'text', about: 'its body', of: (seen) => seen.last?.body },
  {
    name: 'beresp.status',
    kind: 'number',
    max: 65_535,
    about: 'status of the last response that was fetched, as rules left it',
    of: (seen) => seen.beresp?.status,
  },
  { name: 'beresp.http', kind: 'text', part: 'header', about: 'a field of it', of: (seen, key) => seen.beresp?.fields.combined(key) },
  { name: 'beresp.ttl', kind: 'duration', about: 'its ttl, as rules left it', of: (seen) => seen.beresp?.ttl_s },
  { name: 'beresp.grace', kind: 'duration', about: 'its grace', of: (seen) => seen.beresp?.grace_s },
  { name: 'beresp.keep', kind: 'duration', about: 'its keep', of: (seen) => seen.beresp?.keep_s },
  {
    name: 'beresp.uncacheable',
    kind: 'flag',
    about: 'it is not for the store, by rules or by policy',
    of: (seen) => seen.beresp?.uncacheable ?? false,
  },
  {
    name: 'obj.ttl',
    kind: 'duration',
    about: 'what was left of the ttl of a stored response at the hit; negative: it was stale',
    of: (seen) => seen.hit?.ttl_s,
  },
  { name: 'obj.grace', kind: 'duration', about: 'its grace', of: (seen) => seen.hit?.grace_s },
  { name: 'obj.keep', kind: 'duration', about: 'its keep', of: (seen) => seen.hit?.keep_s },
  { name: 'requests', kind: 'number', about: 'requests that all origins have got in this test', of: (seen) => seen.total() },
  { name: 'requests', kind: 'number', part: 'backend', about: 'the same of one backend', of: (seen, name) => seen.total(name) },
]

function seconds(field: string | undefined): number | undefined {
  return field === undefined ? undefined : Number(field)
}

/** As written: `resp.http.NAME`. */
export function subjectText(row: SubjectRow, part: string): string {
  return row.part === undefined ? row.name : `${row.name}.${part}`
}
