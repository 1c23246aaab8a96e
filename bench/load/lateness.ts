import { once } from 'node:events'
import { connect } from 'node:net'

/** What `/small` is to be. */
export const SMALL = 'x'.repeat(1024)
const EVERY_MS = 2

/** For so long. */
export function hitsFor(port: number, seconds: number): Promise<number[]> {
  const over_ms = performance.now() + seconds * 1000
  return hits(port, () => performance.now() < over_ms)
}

/** Milliseconds of each hit on `/small`, one after the other on a connection that stays, the quickest first. */
export async function hits(port: number, goesOn: () => boolean): Promise<number[]> {
  const socket = connect(port, '127.0.0.1').setNoDelay(true)
  const took: number[] = []
  while (goesOn()) {
    const begun = performance.now()
    socket.write('GET /small HTTP/1.1\r\nHost: bench\r\n\r\n')
    for (let got = 0; got < SMALL.length;) got += ((await once(socket, 'data')) as [Buffer])[0].length
    took.push(performance.now() - begun)
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS))
  }
  socket.destroy()
  return took.toSorted((a, b) => a - b)
}
