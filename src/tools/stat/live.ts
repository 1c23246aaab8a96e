import { SystemClock } from '../../base/clock.ts'
import type { CounterReader } from '../../counters/read/counter-reader.ts'
import { pause } from '../pause.ts'
import { Screen } from '../screen/screen.ts'
import { Samples } from './samples.ts'
import { StatView } from './view.ts'

/** The screen, until it is left. A server that goes is not running, and followed when it is there again. */
export async function liveStat(counters: CounterReader, wanted: (name: string) => boolean, raw: boolean): Promise<void> {
  const clock = new SystemClock()
  const samples = new Samples()
  const view = new StatView(samples, raw)
  const stop = new AbortController()
  let wake = new AbortController()
  const quit = (): void => {
    stop.abort()
    wake.abort()
  }
  const draw = (): void => screen.draw(view.lines(screen.size))
  const onKey = (key: string): void => {
    const asked = view.key(key, screen.size)
    if (asked === 'quit') quit()
    else if (asked === 'sample') wake.abort()
    else draw()
  }
  const screen = new Screen(process.stdin, process.stdout, onKey, draw)
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const signal of signals) process.on(signal, quit)
  try {
    while (!stop.signal.aborted) {
      clock.refresh()
      samples.add(counters.read(), wanted, clock.mono_ms / 1000, view.raw)
      draw()
      await pause(view.interval_s * 1000, wake.signal)
      if (wake.signal.aborted) wake = new AbortController()
    }
  } finally {
    for (const signal of signals) process.off(signal, quit)
    screen.close()
  }
}
