import type { ScreenLine, ScreenSize } from '../screen/screen.ts'
import type { Entry, Ranking } from './ranking.ts'

const COUNT_WIDTH = 9
const TAG_WIDTH = 14

/** What -1 prints, in latin1. */
export function rankingText(ranking: Ranking): string {
  return ranking
    .list()
    .map((entry) => `${countText(entry)} ${entry.name} ${entry.text}\n`)
    .join('')
}

export function rankingLines(ranking: Ranking, title: string, { rows, columns }: ScreenSize): ScreenLine[] {
  const head = `list length ${ranking.size}`
  const entries = ranking.list().slice(0, Math.max(0, rows - 2))
  return [
    { text: `${head}${title.slice(0, Math.max(0, columns - head.length - 2)).padStart(Math.max(0, columns - 1 - head.length))}` },
    { text: '' },
    ...entries.map((entry) => ({ text: `${countText(entry)} ${entry.name.padEnd(TAG_WIDTH)} ${entry.text}` })),
  ]
}

function countText({ count }: Entry): string {
  return count.toFixed(2).padStart(COUNT_WIDTH)
}
