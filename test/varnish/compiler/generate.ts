import { maskOf } from '../../../src/vcl/check/subs.ts'
import { VARIABLES } from '../../../src/vcl/check/variables.ts'
import { ATTRIBUTES, CALLS, ENTRIES, PROBES, STATEMENTS, TOPS } from './forms.ts'

/**
 * Programs for the compiler of varnishd 7.1 and for ours, from a seed. Each has one statement or declaration of interest, so that a
 * difference says by itself what it is about. What came after 7.1 is left out.
 */
export interface Program {
  readonly version: '4.0' | '4.1'
  /** Subs behind FRAME, for which "@" stands; or declarations. */
  readonly body: string
}

export function textOf({ version, body }: Program): string {
  return `vcl ${version};\n${body.startsWith('@ ') ? FRAME + body.slice(2) : body}\n`
}

/** mulberry32: the same programs for the same seed, everywhere. */
export class Dice {
  private state: number

  constructor(seed: number) {
    this.state = seed
  }

  below(n: number): number {
    this.state = (this.state + 0x6d2b79f5) | 0
    let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % n
  }

  one<T>(from: readonly T[]): T {
    return from[this.below(from.length)]
  }

  chance(percent: number): boolean {
    return this.below(100) < percent
  }

  some(most: number, make: () => string, between: string): string {
    return Array.from({ length: this.below(most + 1) }, make).join(between)
  }
}

const SUBS = 'recv pipe pass hash purge miss hit deliver synth backend_fetch backend_response backend_error init fini'.split(' ')

const LATER =
  /^(?:req\.(?:filters|trace|max_age)|bereq\.(?:filters|retry_connect|task_deadline|trace)|beresp\.(?:transit_buffer|storage_hint)|obj_stale.*|param\..*|.*\.http\.(?:content-length|transfer-encoding)|storage\.\*.*|sess\.xid)$/

const NAMES = VARIABLES.map(({ name }) => name)
  .filter((name) => !LATER.test(name))
  .map((name) => name.replace('*', 'x'))

const ATOMS: Readonly<Record<string, readonly string[]>> = {
  STRING: [
    '"a"',
    '""',
    '{"long "quoted""}',
    '"""three"""',
    'req.url',
    'req.http.x',
    'bereq.url',
    'beresp.http.x',
    'resp.reason',
    'server.identity',
  ],
  INT: ['1', '0', '200', '-1', 'req.restarts', 'resp.status', 'beresp.status', 'obj.hits', 'bereq.retries', '999999999999999'],
  REAL: ['1.5', '0.0', '-1.25', '3.', '1.123', 'std.random(1,2)'],
  DURATION: ['1s', '10 m', '1.5h', '500ms', '2d', '1w', '1y', 'beresp.ttl', 'req.grace', 'obj.age', '-5s'],
  TIME: ['now', 'std.now()', 'req.time', 'bereq.time', 'obj.time'],
  BOOL: ['true', 'false', 'req.hash_always_miss', 'beresp.uncacheable', 'std.file_exists("/x")', 'TRUE'],
  BYTES: ['1KB', '1MB', '10B', '2GB', '1.5KB', '1K', 'std.bytes("1K",0B)'],
  IP: ['client.ip', 'server.ip', '"1.2.3.4"', 'std.ip("1.2.3.4","1.1.1.1")', 'remote.ip'],
  BACKEND: ['b', 'default', 'req.backend_hint', 'bereq.backend', 'beresp.backend', 'other'],
  ACL: ['a', 'nowhere'],
  BLOB: [':AQID:', ':AQ==:', 'req.hash', 'bereq.hash', ':A:', 'blob.decode(HEX, encoded="00")'],
  STEVEDORE: ['storage.s0', 'storage.Transient', 'beresp.storage', 'req.storage'],
  NONE: [
    'nothing',
    'req',
    'bereq',
    's',
    'p',
    'std',
    'req.http',
    'vcl_recv',
    '(',
    ')',
    ';',
    '{',
    'x y',
    'req.',
    '.x',
    '1x',
    "'a'",
    '5e3',
    '.5',
    '1.2.3',
  ],
}
const TYPES = Object.keys(ATOMS)
const OPERATORS = ['+', '-', '*', '/', '%', '==', '!=', '<', '>', '<=', '>=', '~', '!~', '&&', '||']

function atom(d: Dice, type: string): string {
  const from = d.chance(95) ? type : d.one(TYPES.slice(0, -1))
  return d.chance(1) ? d.one(ATOMS.NONE) : d.one(ATOMS[from])
}

/** Something that is a `type`, if the dice are kind. */
export function expression(d: Dice, type: string, depth: number): string {
  if (depth === 0 || d.chance(35)) return atom(d, type)
  const again = (of: string) => expression(d, of, depth - 1)
  switch (d.below(8)) {
    case 0:
      return `(${again(type)})`
    case 1:
      return `${again(type)} ${d.one(OPERATORS)} ${again(d.chance(60) ? type : d.one(TYPES.slice(0, 8)))}`
    case 2:
      // Of other types it is the C compiler that complains, which is not asked.
      return ['INT', 'REAL', 'DURATION'].includes(type) && d.chance(50) ? `-${atom(d, type)}` : again(type)
    case 3:
      return type === 'BOOL' ? `!${again('BOOL')}` : `${again(type)} + ${again('STRING')}`
    case 4:
      return type === 'BOOL' ? comparison(d, depth) : arithmetic(d, type, depth)
    case 5:
      return call(d, type, depth)
    case 6:
      return `${again(type)}${d.one(['.lower()', '.upper()', '.resolve()', '.free_space', '.happy', '.nope()', '.nope', '.lower(1)'])}`
    default:
      return type === 'STRING' ? `${again('STRING')} + ${again(d.one(TYPES.slice(0, 11)))}` : again(type)
  }
}

function comparison(d: Dice, depth: number): string {
  const type = d.one(TYPES.slice(0, 12))
  const left = expression(d, type, depth - 1)
  if (d.chance(30))
    return `${left} ${d.one(['~', '!~'])} ${d.one(['"^a"', '"a" + "b"', 'a', 'nowhere', '"("', '"[a"', '"a{2}"', '"(?i)x"', 'req.url', '"1.2.3.4"'])}`
  return `${left} ${d.one(['==', '!=', '<', '>', '<=', '>='])} ${expression(d, d.chance(80) ? type : d.one(TYPES.slice(0, 8)), depth - 1)}`
}

function arithmetic(d: Dice, type: string, depth: number): string {
  const other: Readonly<Record<string, string>> = {
    TIME: 'DURATION',
    DURATION: d.one(['DURATION', 'REAL', 'INT', 'TIME']),
    BYTES: d.one(['BYTES', 'INT', 'REAL']),
  }
  return `${expression(d, type, depth - 1)} ${d.one(['+', '-', '*', '/', '%'])} ${expression(d, other[type] ?? type, depth - 1)}`
}

/** Letters for types: what stands for a value of the type in a call. */
const HOLES: Readonly<Record<string, string>> = { S: 'STRING', I: 'INT', R: 'REAL', D: 'DURATION', T: 'TIME', B: 'BOOL', K: 'BLOB' }

function call(d: Dice, _type: string, depth: number): string {
  return d.one(CALLS).replace(/\b[SIRDTBK]\b/g, (hole) => expression(d, HOLES[hole], Math.max(0, depth - 2)))
}

function set(d: Dice): string {
  const variable = d.one(VARIABLES.filter(({ name, write }) => write !== 0 && !LATER.test(name)))
  const name = d.chance(90) ? variable.name.replace('*', d.one(['x', 'X-Y_z', 'x.y', 'x"y"', '1x', '"1x"', 'a-'])) : d.one(NAMES)
  const type = variable.type === 'HEADER' || variable.type === 'BODY' ? 'STRING' : variable.type
  return `set ${name} ${d.chance(80) ? '=' : d.one(['+=', '-=', '*=', '/=', '==', '%='])} ${expression(d, type, 2)};`
}

const ACTIONS = 'abandon deliver error fail fetch hash lookup ok pass pipe purge restart retry synth vcl miss merge hit_for_pass'.split(' ')

function action(d: Dice): string {
  const word = d.chance(60)
    ? d.one(ACTIONS)
    : d.one(['synth(404)', 'synth(404, "no")', 'synth(I, S)', 'error(503, S)', 'pass(D)', 'fail(S)', 'synth', 'synth()'])
  const made = word.replace(/\b[SID]\b/g, (hole) => expression(d, HOLES[hole], 1))
  return d.chance(5)
    ? d.one(['return;', 'return ();', `return ${made};`, `return (${made})`, 'return (deliver,);', 'return (DELIVER);'])
    : `return (${made});`
}

function statement(d: Dice): string {
  switch (d.below(9)) {
    case 0:
    case 1:
    case 2:
      return set(d)
    case 3:
      return `unset ${d.one(NAMES)};`
    case 4:
      return `if (${expression(d, 'BOOL', 3)}) { }`
    case 5:
      return action(d)
    case 6:
      return `${call(d, 'STRING', 3)};`
    case 7:
      return `${d.one(['hash_data', 'synthetic', 'ban'])}(${expression(d, 'STRING', 2)});`
    default:
      return d.one(STATEMENTS)
  }
}

function sub(d: Dice): Program {
  const text = statement(d)
  const name = d.chance(80) ? placeFor(d, text) : d.one(SUBS)
  const version = d.chance(70) ? '4.1' : '4.0'
  return { version, body: `@ sub vcl_${name} { ${text} }` }
}

/** A sub where what the statement names may be, if there is one. */
function placeFor(d: Dice, text: string): string {
  let mask = -1
  for (const { name, read, write, unset } of VARIABLES)
    if (text.includes(name.replace('*', 'x'))) mask &= text.startsWith('set') ? read | write : read | unset
  const fit = SUBS.filter((sub) => mask & maskOf(sub))
  return d.one(fit.length === 0 ? SUBS : fit)
}

/** Everything that statements may name; all of it is used. */
export const FRAME = `import std; import directors; import cookie; import blob; import purge;
backend b { .host = "127.0.0.1"; }
acl a { "127.0.0.1"; }
sub s { set client.identity = "s"; }
sub vcl_init { new rr = directors.round_robin(); new sh = directors.shard(); }
sub vcl_recv { if (client.ip ~ a && req.http.never) { call s; } }
`

/** Subs that call one another: what one does must be legal wherever it is reached from. */
function graph(d: Dice): Program {
  const text = d.chance(60) ? set(d) : statement(d)
  const used = [...new Set([placeFor(d, text), d.one(SUBS)])].slice(0, d.chance(70) ? 1 : 2)
  const inner = `sub inner { ${text} ${d.chance(20) ? action(d) : ''} }`
  const middle = `sub middle { if (req.http.never) { } call inner; ${d.chance(10) ? 'call outer;' : ''} }`
  const outer = d.chance(50) ? 'sub outer { call inner; }' : 'sub outer { return; }'
  const through = d.chance(50)
    ? [outer, ...used.map((name) => `sub vcl_${name} { call outer; call inner; }`)]
    : used.map((name) => `sub vcl_${name} { call inner; }`)
  const list = [inner, ...(d.chance(15) ? [middle] : []), ...through]
  if (d.chance(50)) list.reverse()
  return { version: '4.1', body: `@ ${list.join('\n')}` }
}

// ---- declarations

function declaration(d: Dice): Program {
  const version = d.chance(80) ? '4.1' : '4.0'
  const made = d.one([backend, probe, acl, top])(d)
  return { version, body: `${made}\n` }
}

function backend(d: Dice): string {
  const some = d.some(3, () => d.one(ATTRIBUTES), ' ')
  const host = d.chance(70) ? '.host = "127.0.0.1"; ' : ''
  return `probe p { }\nbackend first { .host = "127.0.0.1"; .probe = p; }\nbackend x { ${host}${some} }\nsub vcl_recv { set req.backend_hint = x; }`
}

function probe(d: Dice): string {
  return `probe p { ${d.some(3, () => d.one(PROBES), ' ')} }\nbackend b { .host = "127.0.0.1"; .probe = p; }`
}

function acl(d: Dice): string {
  const flags = d.some(2, () => d.one(['+log', '-log', '+table', '-pedantic', '+pedantic', '+nope', 'log', '+ log']), ' ')
  return `backend b none;\nacl a ${flags} { ${d.some(3, () => d.one(ENTRIES), ' ')} }\nsub vcl_recv { if (client.ip ~ a) { } }`
}

function top(d: Dice): string {
  const first = d.chance(80) ? 'backend b none;\n' : ''
  return first + d.some(4, () => d.one(TOPS), '\n')
}

/** Different ones, `count` of them. */
export function programs(seed: number, count: number): Program[] {
  const d = new Dice(seed)
  const made = new Map<string, Program>()
  while (made.size < count) {
    const program = d.one([sub, sub, sub, graph, declaration])(d)
    made.set(program.version + program.body, program)
  }
  return [...made.values()]
}
