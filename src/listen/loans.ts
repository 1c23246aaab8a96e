import { closeSync, fstatSync } from 'node:fs'

/** What the number meant, and whose it is to close. */
interface Loan {
  readonly file: string
  readonly to: number
}

/**
 * Descriptors of listening sockets that workers have been given. Each closes its own, but may end before it has taken them over:
 * then they are closed here. A number that is given out once more had been closed by who had it, so that each is one worker's, the last one's.
 */
export class Loans {
  private readonly lent = new Map<number, Loan>()

  add(fd: number, to: number): void {
    this.lent.set(fd, { file: fileOf(fd) ?? '', to })
  }

  /** That worker has ended. What it had not come to take over it has not closed either. */
  takeBack(from: number): void {
    for (const [fd, { file, to }] of this.lent) {
      // Of descriptors of one socket none but these are ever closed by others, so that a number that still, or again, means it is lent.
      const closed = fileOf(fd) !== file
      if (!closed && to !== from) continue
      if (!closed) closeSync(fd)
      this.lent.delete(fd)
    }
  }
}

/** Which of all sockets it is. */
function fileOf(fd: number): string | undefined {
  try {
    const { dev, ino } = fstatSync(fd)
    return `${dev} ${ino}`
  } catch {
    return undefined
  }
}
