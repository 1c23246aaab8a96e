import { readdirSync } from 'node:fs'
import { setPriority } from 'node:os'

const NICE = 10

/**
 * From now on the threads of this process give way to those of others: the clients and the origin, who compare every byte, would elsewhere be on machines
 * of their own. Those that begin later do so, too. Where there is no /proc nothing changes.
 */
export function giveWay(): void {
  for (const thread of threads()) setPriority(thread, NICE)
}

function threads(): number[] {
  try {
    return readdirSync('/proc/self/task').map(Number)
  } catch {
    return []
  }
}
