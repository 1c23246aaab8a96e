import { SystemClock } from '../../base/clock.ts'
import { OperatorError } from '../../base/errors.ts'
import { isAsked } from '../../log/query/filter.ts'
import type { ReadOptions } from '../../log/read/options.ts'
import type { Group } from '../../log/read/transaction.ts'
import { print } from '../log/output.ts'
import { runLog } from '../log/run.ts'
import { readOptionsOf } from '../log/settings.ts'
import type { GivenOptions } from '../options/parse.ts'
import { positive } from '../options/values.ts'
import { hasScreen } from '../screen/screen.ts'
import { logScreen } from '../screen/session.ts'
import { Histogram } from './histogram.ts'
import { type Measured, measure } from './measure.ts'
import { type Profile, profileOf } from './profile.ts'
import { Replay } from './replay.ts'

/** Of what is printed without a screen. */
const PRINTED = { rows: 24, columns: 80 }

/** `lacquer hist`. */
export async function histTool(given: GivenOptions): Promise<number> {
  const profile = profileOf(given.last('P') ?? 'responsetime')
  const factor = positive('B', given.last('B')) ?? 1
  const view = new HistView(positive('p', given.last('p')) ?? 1)
  const histogram = new Histogram(profile)
  const replay = new Replay(factor, ({ value, is_hit }) => histogram.add(value, is_hit))
  const is_live = !given.has('1') && hasScreen(process.stdin, process.stdout, process.env.TERM)
  const options = readOptionsOf(is_live ? given : given.and('d'))
  if (options.grouping === 'raw' || options.grouping === 'session')
    throw new OperatorError(`-g ${options.grouping}: what is measured is a request; give request or vxid`)
  const is_replayed = is_live && given.has('r')
  const deliver = delivery(profile, (measured) => (is_replayed ? replay.add(measured) : histogram.add(measured.value, measured.is_hit)))
  if (!is_live) return once(options, deliver, histogram, view)
  const clock = new SystemClock()
  return logScreen({
    run: { options, deliver },
    lines: (size, is_over) => {
      const is_done = is_over && replay.isEmpty
      return histogram.lines(
        size,
        view.about(is_replayed ? replay : undefined),
        is_done ? 'EOF' : (given.last('n') ?? given.last('r') ?? ''),
      )
    },
    key: (key) => view.key(key, replay),
    before: () => {
      clock.refresh()
      if (is_replayed) replay.advance(clock.mono_ms)
    },
    interval_s: () => view.delay_s,
  })
}

/** Those of the profile's side. */
export function delivery(profile: Profile, take: (measured: Measured) => void): (group: Group) => void {
  const sides = { backend: profile.side === 'backend', client: profile.side === 'client', esi: profile.side === 'esi' }
  return (group) => {
    for (const transaction of group) {
      const measured = isAsked(sides, transaction) ? measure(transaction, profile) : undefined
      if (measured !== undefined) take(measured)
    }
  }
}

async function once(options: ReadOptions, deliver: (group: Group) => void, histogram: Histogram, view: HistView): Promise<number> {
  const code = await runLog({ options, deliver })
  const lines = histogram.lines(PRINTED, view.about(undefined), 'EOF')
  print(lines.map(({ text }) => `${text.trimEnd()}\n`).join(''))
  return code
}

const DELAY_MAX_S = 512
const DELAY_MIN_S = 1 / 64

/** What keys change. */
export class HistView {
  delay_s: number

  constructor(delay_s: number) {
    this.delay_s = within(delay_s)
  }

  key(key: string, replay: Pick<Replay, 'factor'>): 'quit' | 'draw' | undefined {
    if (key === 'q' || key === 'Q') return 'quit'
    if (key === 'ctrl-t') return 'draw'
    if (/^[0-9]$/.test(key)) this.delay_s = 2 ** Number(key)
    else if (key === '+') this.delay_s = within(this.delay_s / 2)
    else if (key === '-') this.delay_s = within(this.delay_s * 2)
    else if (key === '>') replay.factor *= 2
    else if (key === '<') replay.factor /= 2
    else return undefined
    return 'draw'
  }

  about(replay: Pick<Replay, 'factor' | 'time_s'> | undefined): string {
    const time = replay?.time_s === undefined ? '' : ` @ ${new Date(replay.time_s * 1000).toUTCString()} x ${short(replay.factor)}`
    return `, d = ${short(this.delay_s)}${time}`
  }
}

function within(delay_s: number): number {
  return Math.max(DELAY_MIN_S, Math.min(DELAY_MAX_S, delay_s))
}

function short(number: number): string {
  return String(Number(number.toPrecision(6)))
}
