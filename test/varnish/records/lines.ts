import { MARK, SCENARIOS } from './scenarios.ts'

export interface Entry {
  readonly xid: number
  readonly tag: string
  readonly text: string
}

/** By scenario: what each of its transactions says, a child behind what had come before the record that names it. */
export function scenariosIn(entries: readonly Entry[]): string[][] {
  const transactions = new Map<number, Entry[]>()
  for (const entry of entries) {
    if (entry.xid === 0) continue
    const known = transactions.get(entry.xid)
    if (known === undefined) transactions.set(entry.xid, [entry])
    else known.push(entry)
  }
  const found: string[][] = SCENARIOS.map(() => [])
  let current: string[] = []
  for (const [xid, records] of transactions) {
    if (records[0].text.startsWith('sess ')) {
      const lines = withChildren(transactions, xid)
      const marked = lines.find((line) => line.startsWith(`ReqURL ${MARK}`))
      if (marked === undefined) {
        current.push(...lines)
      } else {
        found[Number(marked.slice(`ReqURL ${MARK}`.length))] = current
        current = []
      }
    }
  }
  return found
}

function withChildren(transactions: ReadonlyMap<number, readonly Entry[]>, xid: number): string[] {
  const records = transactions.get(xid) ?? []
  const children = records.filter(({ tag }) => tag === 'Link').map(({ text }) => Number(text.split(' ')[1]))
  return [...sorted(records.map(lineOf)), ...children.flatMap((child) => withChildren(transactions, child))]
}

/** Without what differs from run to run: ids, ports, times, sizes of heads. */
function lineOf({ tag, text }: Entry): string {
  const said = text.replaceAll(/127\.0\.0\.1 \d+/g, '127.0.0.1 PORT').replaceAll(/\w{3}, \d+ \w{3} \d{4} [\d:]+ GMT/g, 'DATE')
  return `${tag} ${NORMAL[tag]?.(said) ?? said}`.trimEnd()
}

const ids = (text: string): string => text.replaceAll(/\d+/g, 'N')
const lives = (text: string): string =>
  text
    .replace(/^\d+ /, 'N ')
    .replaceAll(/-?\d+\.\d+/g, 'F')
    .replaceAll(/\d{6,}/g, 'T')

const NORMAL: Readonly<Record<string, (text: string) => string>> = {
  Timestamp: (text) => text.split(':')[0],
  Begin: ids,
  Link: ids,
  SessOpen: (text) => text.replace(/\d+\.\d+ \d+$/, 'T FD'),
  SessClose: (text) => text.split(' ')[0],
  BackendOpen: (text) => text.replace(/^\d+/, 'FD').replace(/(connect|reuse)$/, 'how'),
  BackendClose: (text) => text.replace(/^\d+/, 'FD'),
  TTL: lives,
  // Of one that is still being fetched how far it is.
  Hit: (text) => lives(text).replace(/( F){3}.*$/, ' F F F'),
  HitMiss: lives,
  HitPass: lives,
  ExpBan: lives,
  ReqAcct: ids,
  BereqAcct: ids,
  PipeAcct: ids,
  // In how many pieces it came is the network's doing.
  VfpAcct: (text) => text.replace(/ [1-9]\d* /, ' N '),
  VdpAcct: (text) => text.replace(/ [1-9]\d* /, ' N '),
  Storage: (text) => text.replace(/^(malloc|memory) /, 'STORE '),
  // Varnish has the NULs that end its strings, of what it had cut up before.
  HttpGarbage: (text) => text.replace(/^"|"$/g, '').slice(0, 3),
  Hash: (text) => text.replace(/^"|(%00)?"$/g, ''),
}

/** Field lines that follow one another are the same in any order. */
function sorted(lines: string[]): string[] {
  const out: string[] = []
  for (let i = 0; i < lines.length;) {
    const tag = lines[i].split(' ')[0]
    let end = i + 1
    while (tag.endsWith('Header') && end < lines.length && lines[end].startsWith(`${tag} `)) end++
    out.push(...lines.slice(i, end).toSorted())
    i = end
  }
  return out
}
