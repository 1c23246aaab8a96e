import { setTimeout } from 'node:timers/promises'

/** Rests for so long, or until it is stopped. */
export async function pause(ms: number, stop: AbortSignal): Promise<void> {
  try {
    await setTimeout(ms, undefined, { signal: stop })
  } catch {
    // Stopped: whoever rested looks.
  }
}
