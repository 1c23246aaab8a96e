import { STEPS } from '../../src/flow/steps.ts'

/** Departures from the table seen so far: "hit -> wait". */
export const departures = new Set<string>()

let watching = false

/** From here on every step taken in this process is held to the `next` column of the table. */
export function watchSteps(): void {
  if (watching) return
  watching = true
  for (const row of STEPS) {
    const { run } = row
    Object.assign(row, {
      run: (task: Parameters<typeof run>[0]) => {
        const step = run(task)
        const next = STEPS[step].name
        if (!row.next.includes(next)) departures.add(`${row.name} -> ${next}`)
        return step
      },
    })
  }
}
