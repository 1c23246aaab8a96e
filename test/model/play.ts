import type { Rig } from './rig.ts'
import { Judge, type Turn, type Way } from './rfc9111/judge.ts'
import { isConditional, tagsOf } from './rfc9111/updating.ts'
import type { Lines, Request } from './rfc9111/message.ts'
import type { Exchange } from './rfc9111/history.ts'
import type { DateForm, Line, Origin, Step } from './scenario.ts'

/** What came of a scenario. */
export interface Played {
  readonly turns: readonly Turn[]
  readonly ways: readonly Way[]
}

/** Further judges, who see each turn when the first has none against it. */
export type Witness = (turn: Turn, judge: Judge) => string[]

let count = 0

/** Plays it against the proxy, and throws at the first turn that is not permitted. */
export async function play(rig: Rig, steps: readonly Step[], witness: Witness = () => []): Promise<Played> {
  const host = `m${count++}.test`
  const judge = new Judge(host)
  const turns: Turn[] = []
  const ways: Way[] = []
  let names = 0
  for (const { wait_s, method, target, request, origin } of steps) {
    rig.wait(wait_s * 1000)
    const turn = await rig.ask({ method, target, lines: request }, host, (asked, now_ms) => {
      const outcome = outcomeOf(origin, asked, now_ms + origin.delay_s * 1000, host, String(names++))
      return { delay_ms: origin.delay_s * 1000, outcome, broken: origin.kind === 'broken' && hasBody(outcome, asked) }
    })
    turns.push(turn)
    const wrong = judge.judge(turn)
    if (wrong.length === 0) wrong.push(...witness(turn, judge))
    if (wrong.length > 0) throw new Error(`${wrong.join('\n')}\n\n${turns.map(told).join('\n')}\n`)
    ways.push(judge.way)
  }
  return { turns, ways }
}

function outcomeOf({ kind, status, lines }: Origin, asked: Request, now_ms: number, host: string, name: string): Exchange['outcome'] {
  if (kind === 'closed') return kind
  const rendered = lines.map((line): [string, string] => [line[0], valueOf(line, now_ms).replace('HOST', host)])
  if ((kind === 'confirms' || kind === 'claims') && isConditional(asked.lines) && (asked.method === 'GET' || asked.method === 'HEAD'))
    return { status: 304, lines: [...(kind === 'claims' ? rendered : confirming(rendered, asked)), ['X-Confirm', name]], body: '' }
  return { status, lines: [...rendered, ['X-Id', name]], body: status === 204 ? '' : `body ${name}` }
}

/** With the validators that were asked about. */
function confirming(lines: Lines, asked: Request): Lines {
  const others = lines.filter(([name]) => name !== 'ETag' && name !== 'Last-Modified')
  return [...others, ...tagsOf(asked.lines).map((tag): [string, string] => ['ETag', tag])]
}

function hasBody(outcome: Exchange['outcome'], { method }: Request): boolean {
  return typeof outcome !== 'string' && outcome.body !== '' && method !== 'HEAD'
}

function valueOf([, value, form = 'imf']: Line, now_ms: number): string {
  return typeof value === 'string' ? value : FORMS[form](new Date(Math.floor(now_ms / 1000 + value) * 1000))
}

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']

/** The three forms of RFC 9110 section 5.6.7. */
const FORMS: Record<DateForm, (date: Date) => string> = {
  imf: (date) => date.toUTCString(),
  rfc850: (date) => {
    const [, day, month, year, time] = date.toUTCString().split(' ')
    return `${DAYS[date.getUTCDay()]}, ${day}-${month}-${year.slice(2)} ${time} GMT`
  },
  asctime: (date) => {
    const [weekday, day, month, year, time] = date.toUTCString().split(' ')
    return `${weekday.slice(0, 3)} ${month} ${day.replace(/^0/, ' ')} ${time} ${year}`
  },
}

/** A turn for the reader of a failure. */
function told({ request, begin_ms, exchanges, answer }: Turn): string {
  const outcome = (of: Exchange['outcome'] | Turn['answer']): string =>
    typeof of === 'string' ? of : `${of.status} ${fields(of.lines)} ${JSON.stringify(of.body)}`
  return [
    `at ${new Date(begin_ms).toISOString()}: ${request.method} ${request.target} ${fields(request.lines)}`,
    ...exchanges.map(
      (one) => `  origin: ${one.request.method} ${fields(one.request.lines)}\n    => ${outcome(one.outcome)}${one.broken ? ' broken' : ''}`,
    ),
    `  answer: ${outcome(answer)}`,
  ].join('\n')
}

function fields(lines: Lines): string {
  return `{ ${lines.map(([name, value]) => `${name}: ${value}`).join(' | ')} }`
}
