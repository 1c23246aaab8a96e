import { connect, type Server } from 'node:net'
import { eventsServer } from './read-events.ts'
import { onreadServer } from './read-onread.ts'
import { rawServer } from './read-raw.ts'
import type { Transport } from './transport.ts'

/** Value of the parameter read_path. */
export type ReadPathChoice = 'auto' | 'raw' | 'onread' | 'events'
export type ReadPath = Exclude<ReadPathChoice, 'auto'>

/** What a listening server asks and tells. */
export interface Accept {
  /** False: close the connection at once. */
  wanted(): boolean
  accepted(transport: Transport): void
  failed(error: Error): void
}

export function serverFor(path: ReadPath, accept: Accept): Server {
  if (path === 'raw') return rawServer(accept)
  return path === 'onread' ? onreadServer(accept) : eventsServer(accept)
}

const PROBE_MAX_MS = 500

/** With 'auto', the fastest path that a conversation with ourselves over loopback shows this Node's internals to carry. */
export async function chooseReadPath(choice: ReadPathChoice): Promise<ReadPath> {
  if (choice !== 'auto') return choice
  for (const path of ['raw', 'onread'] as const) if (await probe(path)) return path
  return 'events'
}

/** Sends "ping" in two pieces through the path, wants it echoed, and both ends to come through. */
function probe(path: ReadPath): Promise<boolean> {
  return new Promise((resolve) => {
    const server = serverFor(path, { wanted: () => true, accepted: echo, failed: () => finish(false) })
    const timer = setTimeout(() => finish(false), PROBE_MAX_MS)
    const finish = (works: boolean): void => {
      clearTimeout(timer)
      server.close()
      resolve(works)
    }
    server.on('error', () => finish(false))
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      if (address === null || typeof address === 'string') return finish(false)
      ask(address.port, finish)
    })
  })
}

/** The first piece comes back by `write`, the second by `writev`. */
function echo(transport: Transport): void {
  let first = true
  transport.owner = {
    received: (buffer, start, end) => {
      const bytes = Buffer.from(buffer.subarray(start, end))
      if (first) transport.write(bytes)
      else transport.writev([bytes.subarray(0, 1), bytes.subarray(1)])
      first = false
    },
    inputEnded: () => transport.close(),
    drained: () => {},
    gone: () => {},
  }
}

function ask(port: number, finish: (works: boolean) => void): void {
  let answer = ''
  const client = connect({ port, host: '127.0.0.1', noDelay: true }, () => client.write('pi'))
  client.setEncoding('latin1')
  client.on('data', (text: string) => {
    answer += text
    if (answer === 'pi') client.end('ng')
  })
  client.on('end', () => finish(answer === 'ping'))
  client.on('error', () => finish(false))
}
