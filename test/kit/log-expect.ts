import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { vi } from 'vitest'
import { ManualClock } from '../../src/base/clock.ts'
import { compileQuery } from '../../src/log/query/query.ts'
import { readTransactions } from '../../src/log/read/read-transactions.ts'
import type { Grouping } from '../../src/log/read/transaction.ts'
import type { RingMemory } from '../../src/log/ring.ts'
import { type TagName, tagName } from '../../src/log/tags.ts'
import { PATIENCE_MS } from './patience.ts'

/**
 * What the log is to say, record by record, as varnishtest's logexpect has it: how many records may be before it (`*`: any number), which transaction
 * it is of (`*`: any, `=`: that of the record before), its tag and its text.
 */
export type LogStep = readonly [skip: number | '*', vxid: number | '*' | '=', tag: TagName | '*', text?: string | RegExp]

export interface LogQuestion {
  readonly grouping?: Grouping
  readonly query?: string
}

interface SeenRecord {
  readonly vxid: number
  readonly tag: string
  readonly text: string
}

/** Waits until the log of a cache says that, as the product's own reader reads it. */
export async function expectLog(cache: { ring(): RingMemory }, question: LogQuestion, ...steps: readonly LogStep[]): Promise<void> {
  await vi.waitFor(
    async () => {
      const complaint = compare(await recordsOf(cache.ring(), question), steps)
      if (complaint !== undefined) throw new Error(complaint)
    },
    { timeout: PATIENCE_MS, interval: 20 },
  )
}

/** Undefined when all steps were found. */
export function compare(records: readonly SeenRecord[], steps: readonly LogStep[]): string | undefined {
  let at = 0
  let vxid = 0
  for (const step of steps) {
    const [skip] = step
    const last = skip === '*' ? records.length - 1 : at + skip
    let found = at
    while (found <= last && found < records.length && !fits(records[found], step, vxid)) found++
    if (found > last || found >= records.length) return `${told(step)} was not found behind:\n${shown(records.slice(0, at + 1))}`
    vxid = records[found].vxid
    at = found + 1
  }
  return undefined
}

function fits(record: SeenRecord, [, vxid, tag, text]: LogStep, before: number): boolean {
  if (vxid !== '*' && record.vxid !== (vxid === '=' ? before : vxid)) return false
  if (tag !== '*' && record.tag !== tag) return false
  return text === undefined || (typeof text === 'string' ? record.text === text : text.test(record.text))
}

function told([skip, vxid, tag, text]: LogStep): string {
  return `expect ${skip} ${vxid} ${tag} ${text === undefined ? '' : String(text)}`
}

function shown(records: readonly SeenRecord[]): string {
  return records.map(({ vxid, tag, text }) => `  ${vxid} ${tag} ${text}`).join('\n')
}

async function recordsOf(ring: RingMemory, { grouping = 'vxid', query }: LogQuestion): Promise<SeenRecord[]> {
  const directory = mkdtempSync(join(tmpdir(), 'lacquer-expect-'))
  try {
    publish(directory, ring)
    const records: SeenRecord[] = []
    await readTransactions(
      {
        place: { directory, patience_s: 0, history: true },
        grouping,
        query: query === undefined ? undefined : compileQuery(query, false),
        incomplete_max: 1000,
        timeout_s: 120,
        groups_max: undefined,
        rate: undefined,
      },
      { clock: new ManualClock(), complain: () => {}, pause: () => Promise.resolve() },
      (group) => {
        for (const { records: cursor } of group) {
          cursor.rewind()
          while (cursor.next()) records.push({ vxid: cursor.vxid, tag: tagName(cursor.tag) ?? '', text: cursor.text })
        }
      },
    )
    return records
  } finally {
    rmSync(directory, { recursive: true })
  }
}

/** A work directory with a copy of the ring. */
function publish(directory: string, ring: RingMemory): void {
  for (const set of ['_.vsm_mgt', '_.vsm_child']) mkdirSync(join(directory, set))
  const fd = openSync(join(directory, '_.vsm_child/_.Log.1'), 'w')
  writeSync(fd, Buffer.from(ring))
  closeSync(fd)
  writeFileSync(join(directory, '_.vsm_mgt/_.index'), `# ${process.pid} 1\n+ _.Arg.1 0 8 Arg -i\n`)
  writeFileSync(join(directory, '_.vsm_child/_.index'), `# ${process.pid} 1\n+ _.Log.1 0 ${ring.byteLength} Log Log\n`)
}
