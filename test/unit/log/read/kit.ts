import { closeSync, constants, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ManualClock } from '../../../../src/base/clock.ts'
import type { LogVersion } from '../../../../src/log/format.ts'
import type { Ended, ReadOptions } from '../../../../src/log/read/options.ts'
import { readTransactions } from '../../../../src/log/read/read-transactions.ts'
import type { Group } from '../../../../src/log/read/transaction.ts'
import { ownRing } from '../../../../src/log/ring-writer.ts'
import { parseMask, TAG } from '../../../../src/log/tags.ts'
import { LogWriter } from '../../../../src/log/writer.ts'

/** A server's work directory as readers see it, with a log that the test writes. */
export class FakeServer {
  readonly directory = mkdtempSync(join(tmpdir(), 'lacquer-read-'))
  readonly ring: SharedArrayBuffer
  readonly log: LogWriter
  private births = 0

  constructor(version: LogVersion = 3, ring_bytes = 64 * 1024) {
    this.ring = new SharedArrayBuffer(ring_bytes)
    this.log = new LogWriter(ownRing(this.ring, version), { reclen_bytes: 255, buffer_bytes: 1024, mask: parseMask('default') })
    mkdirSync(join(this.directory, '_.vsm_mgt'))
    writeFileSync(join(this.directory, '_.vsm_mgt/_.index'), `# ${process.pid} 1000\n+ _.Arg.1 0 8 Arg -i\n`)
  }

  /** The worker's directory, another one each time. */
  startWorker(): void {
    this.births++
    mkdirSync(join(this.directory, '_.vsm_child'))
    this.publish()
    const index = `# ${process.pid} ${1000 + this.births}\n+ ${this.file} 0 ${this.ring.byteLength} Log Log\n`
    writeFileSync(join(this.directory, '_.vsm_child/_.index'), index)
  }

  stopWorker(): void {
    rmSync(join(this.directory, '_.vsm_child'), { recursive: true })
  }

  /** What was written becomes visible, as it does at once where the ring is mapped. */
  publish(bytes = Buffer.from(this.ring)): void {
    const fd = openSync(join(this.directory, '_.vsm_child', this.file), constants.O_WRONLY | constants.O_CREAT)
    writeSync(fd, bytes, 0, bytes.length, 0)
    closeSync(fd)
  }

  request(xid: number, url: string): void {
    const transaction = this.log.open(xid, 'client')
    transaction.record(TAG.Begin, `req ${xid - 1} rxreq`)
    transaction.record(TAG.ReqURL, url)
    transaction.end()
  }

  /** Of which the end is not written. */
  begin(xid: number, url: string): void {
    const transaction = this.log.open(xid, 'client')
    transaction.record(TAG.Begin, `req ${xid - 1} rxreq`)
    transaction.record(TAG.ReqURL, url)
    transaction.close()
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true })
  }

  private get file(): string {
    return `_.Log.${this.births}`
  }
}

export interface Seen {
  readonly ended: Ended
  /** URLs, in the order of the groups. */
  readonly urls: string[]
  readonly said: string[]
  /** What the reader itself has to say of transactions. */
  readonly remarks: string[]
}

/** Reads while `steps` happen, one whenever the reader rests; behind the last it is stopped. */
export async function follow(
  server: FakeServer,
  steps: readonly (() => void)[],
  options: Partial<ReadOptions> & { history?: boolean; flushAsked?: () => boolean } = {},
): Promise<Seen> {
  const clock = new ManualClock()
  const stop = new AbortController()
  const [urls, said, remarks]: string[][] = [[], [], []]
  const left = [...steps]
  const ended = await readTransactions(
    {
      place: { directory: server.directory, patience_s: 5, history: options.history ?? false },
      grouping: 'vxid',
      query: undefined,
      incomplete_max: 1000,
      timeout_s: 120,
      groups_max: undefined,
      rate: undefined,
      ...options,
    },
    {
      clock,
      complain: (line) => said.push(line),
      stop: stop.signal,
      ...(options.flushAsked === undefined ? {} : { flushAsked: options.flushAsked }),
      pause: (ms) => {
        clock.advance(ms)
        const step = left.shift()
        if (step === undefined) stop.abort()
        step?.()
        return Promise.resolve()
      },
    },
    (group) => {
      urls.push(...textsOf(group, TAG.ReqURL))
      remarks.push(...textsOf(group, TAG.VSL))
    },
  )
  return { ended, urls, said, remarks }
}

function textsOf(group: Group, tag: number): string[] {
  const texts: string[] = []
  for (const { records } of group) {
    records.rewind()
    while (records.next()) if (records.tag === tag) texts.push(records.text)
  }
  return texts
}
