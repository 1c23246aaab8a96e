import type { Outcome } from './player.ts'

/** Seconds by which what is told of a life may differ: the two were not asked at the same moment of a second. */
const TOLERANCE_S = 1.5

/** What differs between two outcomes, as lines for the reader. */
export function differences(varnish: Outcome, ours: Outcome): string[] {
  const found: string[] = []
  for (const key of Object.keys(varnish) as (keyof Outcome)[]) {
    const a = varnish[key]
    const b = ours[key]
    if (!same(key, a, b)) found.push(`${key}: varnishd ${JSON.stringify(a)}, we ${JSON.stringify(b)}`)
  }
  return found
}

function same(key: keyof Outcome, a: Outcome[keyof Outcome], b: Outcome[keyof Outcome]): boolean {
  // What was of no use when it came makes nobody wait for the next one: with us that is a hit-for-miss, with Varnish they line up.
  if (key === 'how' && a === 'miss') return b === 'miss' || b === 'hitmiss'
  if (key === 'age') return a === b || (typeof a === 'number' && typeof b === 'number' && Math.abs(a - b) <= TOLERANCE_S)
  if (key === 'initial' || key === 'object') return sameTimes(String(a), String(b))
  return JSON.stringify(a) === JSON.stringify(b)
}

/** "119.999 10.000 0.000 false" */
function sameTimes(a: string, b: string): boolean {
  const [as, bs] = [a.split(' '), b.split(' ')]
  return as.length === bs.length && as.every((part, i) => part === bs[i] || Math.abs(Number(part) - Number(bs[i])) <= TOLERANCE_S)
}
