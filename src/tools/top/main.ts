import { OperatorError } from '../../base/errors.ts'
import type { RecordCursor } from '../../log/read/record-cursor.ts'
import type { Group } from '../../log/read/transaction.ts'
import { print } from '../log/output.ts'
import { runLog } from '../log/run.ts'
import { eachShown, readOptionsOf, shownOf } from '../log/settings.ts'
import type { GivenOptions } from '../options/parse.ts'
import { hasScreen } from '../screen/screen.ts'
import { logScreen } from '../screen/session.ts'
import { Ranking } from './ranking.ts'
import { rankingLines, rankingText } from './view.ts'

const PERIOD_S = 60
/** How often the screen is drawn, and counts fade. */
const INTERVAL_S = 1

/** `lacquer top`. */
export async function topTool(given: GivenOptions): Promise<number> {
  const fading = new Fading(periodOf(given.last('p')))
  if (given.has('1') || !hasScreen(process.stdin, process.stdout, process.env.TERM)) return once(given)
  const { ranking, deliver } = counting(given)
  const name = given.last('n') ?? given.last('r') ?? ''
  return logScreen({
    run: { options: readOptionsOf(given), deliver },
    lines: (size, is_over) => rankingLines(ranking, is_over ? `${name} (EOF)` : name, size),
    key: (key) => (key === 'q' || key === 'Q' ? 'quit' : key === 'ctrl-t' ? 'draw' : undefined),
    after: (is_over) => {
      if (!is_over) fading.second(ranking)
    },
    interval_s: () => INTERVAL_S,
  })
}

/** What -1 prints, in latin1. */
export async function topCounts(given: GivenOptions): Promise<string> {
  const { ranking, deliver } = counting(given)
  await runLog({ options: readOptionsOf(given.and('d')), deliver })
  return rankingText(ranking)
}

async function once(given: GivenOptions): Promise<number> {
  print(await topCounts(given))
  return 0
}

/** Records that are asked for, counted. */
function counting(given: GivenOptions): { ranking: Ranking; deliver: (group: Group) => void } {
  const ranking = new Ranking(given.has('f'))
  const shown = shownOf(given)
  const add = (record: RecordCursor): void => ranking.add(record)
  return { ranking, deliver: (group) => eachShown(group, shown, add) }
}

/** Counts are those of a period: until that has passed all of them, then every second a part of them goes. */
export class Fading {
  private readonly period_s: number
  private seconds = 0

  constructor(period_s: number) {
    this.period_s = period_s
  }

  second(ranking: Ranking): void {
    if (this.seconds < this.period_s) this.seconds++
    else ranking.fade(1 / this.period_s)
  }
}

function periodOf(text: string | undefined): number {
  if (text === undefined) return PERIOD_S
  const seconds = /^[0-9]{1,9}$/.test(text) ? Number(text) : 0
  if (seconds === 0) throw new OperatorError(`-p ${text}: give a number of seconds, 1 or more`)
  return seconds
}
