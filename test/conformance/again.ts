/**
 * On a busy machine an answer may come a second late, and say so in its Age. So what has failed runs again, with fewer at once. A
 * product that is wrong now and then must not pass by that: it counts as passed only where it passes each time, the report names it,
 * and a run that is held to the floor accepts no more than a few of them.
 */
export const TIMES = 2

/** How many a run that is held to the floor may have, of all editions together. */
export const AGAIN_MAX = 8

/** Those of `failed` that pass each of the times that `run` runs them again. */
export async function passingAgain(
  failed: ReadonlySet<string>,
  run: (ids: ReadonlySet<string>) => Promise<ReadonlySet<string>>,
): Promise<ReadonlySet<string>> {
  let left = failed
  for (let i = 0; i < TIMES && left.size > 0; i++) {
    const passed = await run(left)
    left = new Set([...left].filter((id) => passed.has(id)))
  }
  return left
}
