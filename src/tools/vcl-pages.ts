import { ACTIONS, LEGACY_ACTIONS, type ActionRow } from '../vcl/check/actions.ts'
import { ATTRIBUTES as BACKEND } from '../vcl/check/backends.ts'
import { ATTRIBUTES as PROBE } from '../vcl/check/probes.ts'
import { HELPER_SUBS, namesIn, SUB_NAMES } from '../vcl/check/subs.ts'
import { arithmetic, assignOps, comparable, TO_STRING, TRUTH, type VclType } from '../vcl/check/types.ts'
import { VARIABLES, type Variable } from '../vcl/check/variables.ts'
import { DIAGNOSTIC_CODES } from '../vcl/diagnostic-codes.ts'
import { page, table } from './page.ts'
import { ACTION_WORDS, BACKEND_WORDS, PROBE_WORDS, SUB_WORDS, VARIABLE_WORDS } from './vcl-words.ts'

/** docs/reference/vcl.md: subs, actions, variables, types and attributes, from the tables of the checker. */
export function languagePage(): string {
  return page(
    'The rule language',
    'VCL 4.0 and 4.1: what there is, and where. [The tour](../vcl/tour.md) introduces it, [vmods.md](vmods.md) has the modules, [diagnostics.md](diagnostics.md) what may be wrong.',
    'Subs are written short: `client` is all from vcl_recv to vcl_synth, `backend` all that begin with vcl_backend, `all` these and vcl_init and vcl_fini. A sub of your own may use what is legal in every sub that calls it.',
    '## Subs',
    subTable(),
    `Both policies' built-in rules consist of further subs. Of these, as of those above, a file may have several, and yours run first: ${HELPER_SUBS.map((name) => `\`${name}\``).join(', ')}.`,
    '## Return actions',
    actionTable(),
    `Old, and accepted with a warning: ${LEGACY_ACTIONS.map(({ name, subs }) => `\`return (${name})\` in ${subsText(subs)}`).join(', ')}. In a sub of your own \`return;\` goes back to its caller.`,
    '## Variables',
    'Set and unset are empty where they are not possible. Names are the same in capitals. What VCL 4.0 and 4.1 do not have in common is marked.',
    ...FAMILIES.flatMap(([title, pattern]) => [`### ${title}`, variableTable(VARIABLES.filter(({ name }) => pattern.test(name)))]),
    '## Types',
    typeTable(),
    '## Operators',
    operatorTable(),
    'From loose to tight: `||`, `&&`, `!`, comparisons (which do not chain), `+` and `-`, `*` `/` `%`. So `!req.http.a == "b"` means `!(req.http.a == "b")`. `+` joins texts; what is no text becomes one. `STRING ~ "pattern"` and `IP ~ acl` match, `!~` is their opposite.',
    '## Backends and probes',
    attributeTable('backend', Object.keys(BACKEND), BACKEND_WORDS),
    attributeTable('probe', Object.keys(PROBE), PROBE_WORDS),
  )
}

function subTable(): string {
  return table(
    ['sub', 'when', 'return actions'],
    SUB_NAMES.map((name, i) => {
      const actions = ACTIONS.filter(({ subs }) => subs & (1 << i)).map((action) => action.name)
      return [`\`vcl_${name}\``, SUB_WORDS[`vcl_${name}`], actions.join(', ')]
    }),
  )
}

const ARGUMENTS: Readonly<Record<ActionRow['args'], string>> = {
  none: '',
  synth: '(INT status[, STRING reason])',
  error: '[(INT status[, STRING reason])]',
  ttl: '[(DURATION), in vcl_backend_response]',
  reason: '[(STRING reason)]',
  label: '(LABEL)',
}

function actionTable(): string {
  const rows = ACTIONS.map(({ name, subs, args }) => [
    `\`${name}${ARGUMENTS[args].startsWith('(') ? ARGUMENTS[args] : ''}\``,
    subsText(subs),
    actionText(name, args),
  ])
  return table(['action', 'subs', 'meaning'], rows)
}

function actionText(name: string, args: ActionRow['args']): string {
  return ARGUMENTS[args].startsWith('[') ? `${ACTION_WORDS[name]}. May have \`${ARGUMENTS[args].slice(1, -1)}\`` : ACTION_WORDS[name]
}

const FAMILIES: readonly (readonly [title: string, names: RegExp])[] = [
  ['Connections, and what is always there', /^(?:client|server|remote|local|sess|now)\b/],
  ['The request', /^req(?:_top)?\b/],
  ['The request to a backend', /^bereq\b/],
  ['The response of a backend', /^beresp\b/],
  ['What is stored', /^obj(?:_stale)?\b/],
  ['The response to the client', /^resp\b/],
  ['Stores and parameters', /^(?:storage|param)\b/],
]

function variableTable(rows: readonly Variable[]): string {
  return table(
    ['variable', 'type', 'read', 'set', 'unset', 'meaning'],
    rows.map((row) => [
      `\`${row.name}\`${row.syntax === '' ? '' : ` (${row.syntax === '<=4.0' ? 'vcl 4.0' : 'vcl 4.1'})`}`,
      row.type,
      ...[row.read, row.write, row.unset].map(subsText),
      wordsOf(row.name),
    ]),
  )
}

/** What table has no words for is told by its kind, or is missing: the test of these pages tells. */
function wordsOf(name: string): string {
  if (Object.hasOwn(VARIABLE_WORDS, name)) return VARIABLE_WORDS[name]
  if (name.startsWith('param.')) return 'the parameter of that name ([parameters.md](parameters.md))'
  return name.startsWith('obj_stale.') ? `as obj.${name.slice(10)}, of the object that the backend has confirmed` : ''
}

/** The subs of a mask, shortened. */
function subsText(mask: number): string {
  const names = namesIn(mask)
  const client = names.filter((name) => !/^vcl_(?:backend|init$|fini$)/.test(name))
  const backend = names.filter((name) => name.startsWith('vcl_backend'))
  if (names.length === SUB_NAMES.length) return 'all'
  const rest = names.filter((name) => !client.includes(name) && !backend.includes(name))
  const short = [...(client.length === 9 ? ['client'] : client), ...(backend.length === 4 ? ['backend'] : backend), ...rest]
  return short.map((name) => name.replace('vcl_', '')).join(', ')
}

const TYPES: readonly VclType[] = [
  'STRING',
  'INT',
  'REAL',
  'BOOL',
  'DURATION',
  'TIME',
  'BYTES',
  'IP',
  'BACKEND',
  'ACL',
  'PROBE',
  'STEVEDORE',
  'BLOB',
  'BODY',
  'HTTP',
  'SUB',
]
const EXAMPLES: Readonly<Partial<Record<VclType, string>>> = {
  STRING: '`"text"`, `{"text with " and line ends"}`, `"""text"""`: no escapes',
  INT: '`42`',
  REAL: '`1.5`',
  BOOL: '`true`, `false`',
  DURATION: '`500ms` `10s` `5m` `12h` `7d` `2w` `1y`',
  TIME: '`now`',
  BYTES: '`10B` `64KB` `5MB` `1GB`',
  IP: '`"192.0.2.1"` where an IP is wanted',
  BACKEND: 'name of a backend; what a director chooses',
  ACL: 'name of an acl',
  PROBE: 'name of a probe',
  STEVEDORE: '`storage.NAME`',
  BLOB: '`:YmFzZTY0:`',
  BODY: 'a text or BLOB, for `resp.body` and `beresp.body`',
  HTTP: '`req`, `resp`: for functions that take a message',
  SUB: 'name of a sub',
}
const TRUE_WHEN: Readonly<Record<string, string>> = {
  '$ !== undefined': 'it is set',
  '$ !== 0': 'it is not 0',
  '$ > 0': 'it is above 0',
  $: 'it is',
}

function typeTable(): string {
  const rows = TYPES.map((type) => [
    `\`${type}\``,
    TO_STRING[type] === undefined ? 'no' : 'yes',
    TRUTH[type] === undefined ? 'no' : `true when ${TRUE_WHEN[TRUTH[type]]}`,
    assignOps(type).join(' '),
    EXAMPLES[type] ?? '',
  ])
  return table(['type', 'becomes a text', 'as a condition', 'assignments', 'written'], rows)
}

function operatorTable(): string {
  const rows = TYPES.map((left) => [
    `\`${left}\``,
    ['==', '<']
      .filter((op) => comparable(op, left, left))
      .map((op) => (op === '==' ? '== !=' : '< <= > >='))
      .join(' '),
    ['+', '-', '*', '/', '%'].flatMap((op) => results(op, left)).join(', '),
  ]).filter(([, comparisons, sums]) => comparisons !== '' || sums !== '')
  return table(
    ['left side', 'compared with its own type by', 'reckoned with'],
    rows.map(([a, b, c]) => [a, b === '' ? 'nothing' : b, c === '' ? 'nothing' : c]),
  )
}

function results(op: string, left: VclType): string[] {
  return TYPES.filter((right) => arithmetic(op, left, right) !== undefined).map(
    (right) => `\`${op} ${right}\` = ${arithmetic(op, left, right)}`,
  )
}

function attributeTable(kind: string, names: readonly string[], words: Readonly<Record<string, string>>): string {
  return table(
    [`attribute of a ${kind}`, 'meaning'],
    names.map((name) => [`\`.${name}\``, words[name] ?? '']),
  )
}

/** docs/reference/diagnostics.md */
export function diagnosticsPage(): string {
  const rows = Object.entries(DIAGNOSTIC_CODES).map(([code, { severity, about, example }]) => [
    `\`${code}\``,
    severity === 'either' ? 'error or warning' : severity,
    about,
    `\`${example}\``,
  ])
  return page(
    'Diagnostics',
    'What `lacquer check` says of rules that are wrong (errors: they are not loaded) or that do what nobody may have meant (warnings). Each is of a kind whose name stays the same; messages may be worded anew. All errors of a file are told in one run, behind a syntax error as well.',
    table(['code', 'severity', 'meaning', 'for example'], rows),
    '`lacquer check --json` prints one array for all files, a complaint to a line, and nothing else; it is empty when there is none. The exit code is 1 when a file has an error.',
    '```json\n[\n  {"file":"rules.vcl","line":4,"column":6,"endLine":4,"endColumn":13,"severity":"error","code":"unknown-name","message":"unknown symbol \'req.urk\'","hint":"did you mean \'req.url\'?"}\n]\n```',
    table(
      ['member', 'type', 'meaning'],
      [
        ['`file`', 'string', 'the file as it was named, or the included file in which it is'],
        ['`line`, `column`', 'number', 'where it begins, counted from 1; columns in UTF-16 code units, as editors count them'],
        ['`endLine`, `endColumn`', 'number', 'behind its last character; the same place when there is nothing to be marked'],
        ['`severity`', 'string', '`error` or `warning`'],
        ['`code`', 'string', 'one of the table above'],
        ['`message`', 'string', 'what is wrong'],
        ['`hint`', 'string', 'what to do about it; left out when nobody can know'],
      ],
    ),
  )
}
