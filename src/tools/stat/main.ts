import { setTimeout } from 'node:timers/promises'
import { asBytes } from '../../base/bytes.ts'
import { SystemClock } from '../../base/clock.ts'
import { OperatorError } from '../../base/errors.ts'
import { CounterReader, type Point } from '../../counters/read/counter-reader.ts'
import { counterFilter } from '../../counters/read/glob.ts'
import { AttachedDirectory } from '../../shm/vsm/attach.ts'
import { placeOf } from '../../shm/vsm/places.ts'
import { print } from '../log/output.ts'
import type { GivenOptions } from '../options/parse.ts'
import { patience } from '../options/values.ts'
import { hasScreen } from '../screen/screen.ts'
import { liveStat } from './live.ts'
import { jsonOf, listOf, onceText, xmlOf } from './print.ts'

const ATTACH_MS = 100

/** `lacquer stat`. */
export async function statTool(given: GivenOptions): Promise<number> {
  const wanted = counterFilter(given.list)
  const directory = new AttachedDirectory(placeOf(given.last('n')))
  const counters = new CounterReader(directory)
  try {
    await attach(directory, patience(given.last('t')))
    if (isLive(given)) await liveStat(counters, wanted, given.has('r'))
    else print(asBytes(printed(given, readable(directory, counters), wanted)))
  } finally {
    counters.close()
    directory.close()
  }
  return 0
}

function isLive(given: GivenOptions): boolean {
  return !['1', 'j', 'x', 'l'].some((name) => given.has(name)) && hasScreen(process.stdin, process.stdout, process.env.TERM)
}

/** A server always has some: that nothing is printed is no answer for a script. Throws an OperatorError. */
function readable(directory: AttachedDirectory, counters: CounterReader): readonly Point[] {
  const all = counters.read()
  if (all.length > 0) return all
  throw new OperatorError(
    `${directory.path}: there are no counters that can be read: their files are damaged or cut short; restart the server`,
  )
}

/** What is printed once, of all counters that a server has. */
export function printed(given: GivenOptions, all: readonly Point[], wanted: (name: string) => boolean): string {
  const points = all.filter(({ name }) => wanted(name))
  const [now, raw] = [new Date(new SystemClock().wall_ms), given.has('r')]
  const uptime_s = Number(all.find(({ name }) => name === 'MAIN.uptime')?.value ?? 0n)
  const texts: Readonly<Record<string, () => string>> = {
    l: () => listOf(points),
    j: () => jsonOf(points, now, raw),
    x: () => xmlOf(points, now, raw),
  }
  const kind = given.list.findLast(({ name }) => Object.hasOwn(texts, name))?.name
  return kind === undefined ? onceText(points, uptime_s, raw) : texts[kind]()
}

/** Waits for a server that has counters. Throws an OperatorError when none comes. */
async function attach(directory: AttachedDirectory, patience_s: number): Promise<void> {
  const clock = new SystemClock()
  const until_ms = clock.mono_ms + patience_s * 1000
  for (;;) {
    directory.poll()
    if (directory.isThere) return
    clock.refresh()
    if (clock.mono_ms >= until_ms) throw new OperatorError(`${directory.path}: there is no server; start it, or say with -n where it is`)
    await setTimeout(ATTACH_MS)
  }
}
