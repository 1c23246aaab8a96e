import type { WorkerThread } from './worker-thread.ts'

/**
 * While a worker is away one that serves stands in for it, if there is one. To be called whenever one has left or serves, and at once:
 * clients wait.
 */
export function arrangeStandIns(threads: readonly WorkerThread[]): void {
  for (const thread of threads) {
    if (!thread.away) thread.standInWith(undefined)
    else if (thread.stand_in?.able !== true) thread.standInWith(chosenFor(thread, threads))
  }
}

/** Of those who serve one that stands in for the fewest; of these the next. */
function chosenFor({ slot }: WorkerThread, threads: readonly WorkerThread[]): WorkerThread | undefined {
  const burden = (one: WorkerThread): number => threads.filter(({ stand_in }) => stand_in === one).length
  const from_here = [...threads.slice(slot + 1), ...threads.slice(0, slot)]
  return from_here.filter(({ able }) => able).toSorted((a, b) => burden(a) - burden(b))[0]
}
