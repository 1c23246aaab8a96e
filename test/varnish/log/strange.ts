import { FILE_HEAD } from '../../../src/log/read/file-source.ts'
import { randomFrom } from '../../fuzz/generate.ts'
import { vslRecord } from '../../kit/vsl-file.ts'

/**
 * Logs that no server writes: transactions that begin twice, end early, name each other as parents. What varnishlog makes of them is recorded,
 * but for those on which it aborts or never ends.
 */
export interface Strange {
  readonly file: Buffer
  readonly options: readonly string[]
}

const TEXTS = [
  '5',
  '5.5',
  '-3',
  'abc',
  'a: 1 2 3',
  '  x  y',
  'Foo: bar',
  '',
  '12 34.5 z',
  '0.0005',
  'GET',
  '/a/b?x=1',
  'key:val',
  'KEY: Val',
  't\tab',
]
const REASONS = ['rxreq', 'esi', 'restart', 'fetch', 'pass', 'HTTP/1', 'retry']
const KINDS = ['sess', 'req', 'bereq', 'req', 'bereq', 'odd']
const SIDES = [0x40000000, 0x80000000, 0]
const [BEGIN, LINK, END] = [76, 75, 77]
/** VCL_Log, ReqURL, ReqHeader, Debug, Hash, CLI. */
const OTHERS = [72, 16, 20, 1, 70, 3]

export function strange(seed: number): Strange {
  const chance = randomFrom(seed)
  const random = (below: number): number => Math.floor(chance() * below)
  const pick = <T>(from: readonly T[]): T => from[random(from.length)]
  const ids = 2 + random(8)
  const records = Array.from({ length: 6 + random(40) }, () => {
    const [kind, vxid, side] = [random(100), random(ids), pick(SIDES)]
    // Mostly without circles: varnishlog goes round in those.
    const parent = random(20) === 0 ? random(ids) : random(Math.max(1, vxid))
    const child = random(20) === 0 ? random(ids) : vxid + 1 + random(3)
    const link = `${pick(KINDS)} ${kind < 30 ? parent : child} ${pick(REASONS)}${random(20) === 0 ? ' 1' : ''}`
    if (kind < 30) return record(BEGIN, vxid, side, link)
    if (kind < 50) return record(LINK, vxid, side, random(25) === 0 ? pick(['', 'req', 'req x y', 'req 3']) : link)
    return kind < 70 ? record(END, vxid, side, '') : record(pick(OTHERS), vxid, side, pick(TEXTS))
  })
  return { file: Buffer.concat([FILE_HEAD, ...records]), options: optionsOf(random, pick, ids) }
}

type Random = (below: number) => number
type Pick = <T>(from: readonly T[]) => T

function optionsOf(random: Random, pick: Pick, ids: number): string[] {
  const options = ['-g', pick(['raw', 'vxid', 'request', 'session']), '-L', String(pick([1, 2, 3, 4, 1000, 1000, 1000]))]
  if (random(5) === 0) options.push('-C')
  if (random(2) === 0) options.push('-q', expression(random, pick, ids, random(3)))
  if (random(4) === 0) options.push(pick(['-i', '-x']), pick(['Begin,End', 'VCL*', '*', 'Req*', 'Link']))
  if (random(6) === 0) options.push(pick(['-I', '-X']), pick(['VCL_Log:5', '^a', 'Req*:b', 'x']))
  if (random(6) === 0) options.push('-v')
  return options
}

function expression(random: Random, pick: Pick, ids: number, depth: number): string {
  const inner = (): string => expression(random, pick, ids, depth - 1)
  switch (depth === 0 ? 5 : random(6)) {
    case 0:
      return `${inner()} and ${inner()}`
    case 1:
      return `${inner()} or ${inner()}`
    case 2:
      return `not (${inner()})`
    case 3:
      return `(${inner()})`
    case 4:
      return `vxid ${pick(NUMERIC)} ${random(ids)}`
    default:
      return condition(pick)
  }
}

const NUMERIC = ['==', '!=', '<', '<=', '>', '>=']

function condition(pick: Pick): string {
  const level = pick(['', '', '{1}', '{2+}', '{1-}', '{0}'])
  const tags = pick(['VCL_Log', 'ReqURL,VCL_Log', '*', 'Req*', '*Header', 'ReqHeader', 'Begin', 'vcl_l', 'Link', 'Begin,End'])
  const selected = `${level}${tags}${pick(['', '', '', ':a', ':Foo', ':key'])}${pick(['', '', '[1]', '[2]', '[3]'])}`
  return (
    selected +
    pick([
      '',
      ` ${pick(NUMERIC)} ${pick(['5', '5.5', '0', '-3', '1.', '.5', '0x5', '12'])}`,
      ` ${pick(['eq', 'ne'])} ${pick(['5', 'abc', '"Foo: bar"', 'x', '""', "'1 2'"])}`,
      ` ${pick(['~', '!~'])} ${pick(['"^a"', '5', '"[0-9]+$"', 'b.r', '"^$"', "'x|y'"])}`,
    ])
  )
}

function record(tag: number, vxid: number, side: number, text: string): Buffer {
  return vslRecord(tag, vxid | side, `${text}\0`)
}
