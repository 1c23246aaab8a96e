import type { Entry, ExplainedTransaction, Explanation, NoteEntry, RecordEntry, RuleEntry } from './contract.ts'

/** An explanation for a person. `verbose`: with what the built-in rules did without consequence, and all log records. */
export function explanationText(told: Explanation, verbose: boolean): string {
  const { outcome, transactions } = told
  const lines = [`${told.request}   (worker ${told.worker}, rules ${told.rules}, policy=${told.policy})`, '']
  for (const transaction of transactions) {
    if (transaction.kind === 'sess') continue
    lines.push(title(transaction), ...new Page(verbose).of(transaction), '')
  }
  if (told.truncated) lines.push('More happened than is told here.', '')
  const piped = transactions.some(({ reason }) => reason === 'pipe')
  lines.push(piped ? 'The request became a pipe, and this end of it was closed.' : outcomeText(outcome))
  return `${lines.join('\n')}\n`
}

function outcomeText({ state, status, reason, head_bytes, body_bytes, ms }: Explanation['outcome']): string {
  const took = `${ms.toFixed(1)} ms`
  if (status === null)
    return state === 'waiting'
      ? `No answer after ${took}: what it waits for is the last thing above.`
      : `No answer: the connection was closed after ${took}.`
  const bytes = `head ${head_bytes} bytes, body ${body_bytes} bytes`
  const end = state === 'complete' ? '' : state === 'broken' ? '; it broke off' : '; more is to come'
  return `=> ${status} ${reason}: ${bytes}, ${took}${end}`
}

const TITLES: Readonly<Record<string, string>> = {
  rxreq: 'Request',
  restart: 'Restarted as request',
  esi: 'Include (ESI), request',
  fetch: 'Fetch',
  pass: 'Fetch, passed,',
  bgfetch: 'Fetch in the background',
  retry: 'Retried as fetch',
  pipe: 'Pipe',
}

function title({ xid, kind, parent, reason, unfinished }: ExplainedTransaction): string {
  const of = kind === 'req' && reason === 'rxreq' ? '' : ` of ${parent}`
  return `${TITLES[reason] ?? kind} ${xid}${of}${unfinished ? ' (not at its end)' : ''}`
}

/** Records that say something to whoever wants to know why. What the others say is told in words, or of no consequence here. */
const TOLD: Readonly<Record<string, (text: string) => string>> = {
  VCL_Log: (text) => `log: ${text}`,
  VCL_Error: (text) => `rules failed: ${text}`,
  VCL_acl: (text) => `acl: ${text}`,
  FetchError: (text) => `the fetch failed: ${text}`,
  Error: (text) => `error: ${text}`,
  ExpBan: (text) => `a ban or purge has hit what was stored: ${text}`,
  BackendOpen: backendText,
  BereqHeader: conditionText,
  BerespStatus: (text) => `the backend answers ${text}${text === '304' ? ': what is stored is confirmed (RFC 9111 section 4.3.3)' : ''}`,
  Timestamp: timestampText,
  Link: linkText,
  Gzip: (text) => `gzip: ${text}`,
  ESI_xmlerror: (text) => `ESI: ${text}`,
  TTL: ttlText,
}

function conditionText(text: string): string {
  return /^if-(?:none-match|modified-since):/i.test(text)
    ? `it asks whether what is stored still holds (RFC 9111 section 4.3.1): ${text}`
    : ''
}

/** How long it was waited for others: "Beresp: 1764110000.000000 0.026000 0.025000". */
function timestampText(text: string): string {
  const [label, , , since_last] = text.split(' ')
  if (label === 'Waitinglist:') return `it has waited for ${since_last} s`
  return label === 'Beresp:' ? `the backend took ${since_last} s` : ''
}

/** "0 NAME ADDRESS PORT LOCAL PORT reuse" */
function backendText(text: string): string {
  const words = text.split(' ')
  const fresh = words.at(-1) === 'reuse' ? 'a connection that was open' : 'a new connection'
  return `backend ${words[1]} at ${words[2]}${words.length > 6 ? `:${words[3]}` : ''}, over ${fresh}`
}

function linkText(text: string): string {
  const [kind, xid, reason] = text.split(' ')
  return `${reason === 'esi' ? 'includes' : reason === 'restart' ? 'goes on as' : 'leads to'} ${kind === 'bereq' ? 'fetch' : 'request'} ${xid}`
}

/** How long rules pass what came. The other times are told with the statements that set them, and of what was stored. */
function ttlText(text: string): string {
  const [source, ttl] = text.split(' ')
  return source === 'HFP' ? `hit-for-pass for ${ttl} s` : ''
}

/** Of the place of a statement. */
const WIDTH = 24

/** Built-in subs that make a response or a request, and decide nothing. */
const MAKES = /(?:synth|backend_error|backend_fetch)$/

class Page {
  private readonly verbose: boolean
  private sub = ''
  /** The fetch has: what is answered from then on is made here. */
  private failed = false

  constructor(verbose: boolean) {
    this.verbose = verbose
  }

  of({ entries }: ExplainedTransaction): string[] {
    return entries.flatMap((entry) => this.line(entry))
  }

  private line(entry: Entry): string[] {
    if (entry.is === 'rule') return this.ofRule(entry)
    return entry.is === 'note' ? noteLines(entry) : this.ofRecord(entry)
  }

  private ofRecord({ tag, text }: RecordEntry): string[] {
    if (tag === 'VCL_call') {
      this.sub = `vcl_${text.toLowerCase()}`
      return [`  ${this.sub}`]
    }
    if (tag === 'VCL_return') return [`      -> ${text}`]
    if (tag === 'FetchError') this.failed = true
    else if (this.failed && tag === 'BerespStatus') return [`    it is answered here: ${text}`]
    else if (this.failed && tag === 'Timestamp') return []
    const told = Object.hasOwn(TOLD, tag) ? TOLD[tag](text) : ''
    if (told !== '') return [`    ${told}`]
    return this.verbose ? [`    | ${tag.padEnd(14)} ${text}`] : []
  }

  /** Of the built-in rules only what came to something; where they lead is told by itself. */
  private ofRule(rule: RuleEntry): string[] {
    const { path, line, sub, text, builtin, condition, value } = rule
    const dull = builtin && (MAKES.test(sub) || (condition ? value === false : /^(?:call |return \()/.test(text)))
    if (dull && !this.verbose) return []
    const place = `${path.slice(path.lastIndexOf('/') + 1)}:${line}`
    return [`      ${place.padEnd(WIDTH)} ${statementText(text)}${valueText(rule)}`]
  }
}

/** Without what stands behind the statement on its line. */
function statementText(text: string): string {
  const end = /^(?:[^;"{]|"[^"\n]*"|\{"[^]*?"\})*;/.exec(text)
  const block = /\) \{ .*$/.exec(text)
  return end?.[0] ?? (block === null ? text.replace(/ *\{$/, '') : text.slice(0, block.index + 1))
}

function noteLines({ text }: NoteEntry): string[] {
  return text.map((line, i) => (i === 0 ? `    ${line}` : `      ${line}`))
}

function valueText({ condition, value }: RuleEntry): string {
  if (value === undefined) return ''
  if (condition) return `   # ${String(value)}`
  return `   # ${value === null ? 'unset' : typeof value === 'string' ? JSON.stringify(value) : String(value)}`
}
