import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { CounterBlock, CounterSet, MAIN, VBE } from '../../../../src/counters/counters.ts'
import { COUNTER_CLASSES, type CounterClass, counterRows } from '../../../../src/counters/table.ts'
import { docId, docIdent } from '../../../../src/counters/vsc/stat-doc.ts'
import { CHILD_CLASSES, StatSegments } from '../../../../src/counters/vsc/stat-segments.ts'
import { SegmentSet } from '../../../../src/shm/vsm/segment-set.ts'
import { StrictReader } from '../../shm/vsm/strict-reader.ts'

const home = mkdtempSync(join(tmpdir(), 'lacquer-vsc-'))
afterAll(() => rmSync(home, { recursive: true }))

let count = 0
function newSet(): SegmentSet {
  return new SegmentSet(join(home, `s${count++}`), 0o755, 1)
}

interface Description {
  readonly elements: number
  readonly elem: Record<string, { index: number; type: string; format: string; level: string; oneliner: string; ctype: string }>
}

/** All counters by name, as a reader puts them together; throws where one would abort. */
function read(path: string): Map<string, bigint> {
  const reader = new StrictReader(path)
  const found = new Map<string, bigint>()
  const documents = new Map<bigint, Description>()
  for (const line of reader.live) {
    if (line.kind === '') continue
    const bytes = reader.bytesOf(line)
    if (bytes.readInt32LE(0) < 1) throw new Error(`${line.ident} is not ready`)
    const body = bytes.subarray(Number(bytes.readBigUInt64LE(8)))
    const id = bytes.readBigUInt64LE(16)
    if (line.kind === 'StatDoc') documents.set(id, JSON.parse(body.toString('utf8', 0, body.indexOf(0))) as Description)
    if (line.kind !== 'Stat') continue
    const { elem } = documents.get(id)!
    for (const [name, { index }] of Object.entries(elem)) found.set(`${line.ident}.${name}`, body.readBigUInt64LE(index))
  }
  return found
}

test.each(Object.keys(COUNTER_CLASSES) as CounterClass[])('%s is described as readers demand', (kind) => {
  const set = newSet()
  const counters = new CounterSet()
  counters.add(new CounterBlock(kind, kind === 'MAIN' ? '' : 'a.b').handle)
  void new StatSegments(set, counters, [kind])
  const bytes = new StrictReader(set.path).find('StatDoc', docIdent(kind))!
  const { elements, elem } = JSON.parse(bytes.toString('utf8', 24, bytes.indexOf(0, 24))) as Description
  expect(elements).toBe(counterRows(kind).length)
  for (const [name, row] of Object.entries(elem)) {
    expect(name).toMatch(/^\w+$/)
    expect(row).toMatchObject({
      ctype: 'uint64_t',
      level: expect.stringMatching(/^(info|diag|debug)$/) as string,
      type: expect.stringMatching(/^(counter|gauge|bitmap)$/) as string,
      format: expect.stringMatching(/^(integer|bytes|bitmap|duration)$/) as string,
      oneliner: expect.stringMatching(/^[^"\\]+$/) as string,
    })
  }
})

test('each class has an id of its own', () => {
  const ids = (Object.keys(COUNTER_CLASSES) as CounterClass[]).map(docId)
  expect(new Set(ids).size).toBe(ids.length)
})

test('workers’ blocks are added up when it is time', () => {
  const counters = new CounterSet()
  const blocks = [new CounterBlock('MAIN'), new CounterBlock('MAIN')]
  for (const { handle } of blocks) counters.add(handle)
  const set = newSet()
  const segments = new StatSegments(set, counters, CHILD_CLASSES)
  blocks[0].values[MAIN.client_req] = 2 ** 40 + 3
  blocks[1].values[MAIN.client_req] = 4
  blocks[1].values[MAIN.sess_open] = -1
  expect(read(set.path).get('MAIN.client_req')).toBe(0n)
  segments.update()
  expect(read(set.path).get('MAIN.client_req')).toBe(2n ** 40n + 7n)
  expect(read(set.path).get('MAIN.sess_open')).toBe(0n)
})

test('backends come and go with their rule set, whatever they are called', () => {
  const counters = new CounterSet()
  counters.add(new CounterBlock('MAIN').handle)
  const set = newSet()
  const segments = new StatSegments(set, counters, CHILD_CLASSES)
  const blocks = ['boot.a', 'boot.b', 'spring.a', 'spring.odd "name"'].map((name) => new CounterBlock('VBE', name))
  for (const { handle } of blocks) counters.add(handle)
  blocks[3].values[VBE.req] = 9
  segments.update()
  const names = () => [...read(set.path).keys()].filter((name) => name.endsWith('.req'))
  expect(names()).toEqual(['VBE.boot.a.req', 'VBE.boot.b.req', 'VBE.spring.a.req', 'VBE.spring.odd__name_.req'])
  expect(read(set.path).get('VBE.spring.odd__name_.req')).toBe(9n)
  for (const { handle } of blocks.slice(0, 2)) counters.remove(handle)
  segments.update()
  expect(names()).toEqual(['VBE.spring.a.req', 'VBE.spring.odd__name_.req'])
  counters.remove(blocks[2].handle)
  const again = new CounterBlock('VBE', 'boot.a')
  counters.add(again.handle)
  again.values[VBE.req] = 3
  segments.update()
  expect(names()).toEqual(['VBE.spring.odd__name_.req', 'VBE.boot.a.req'])
  expect(read(set.path).get('VBE.boot.a.req')).toBe(3n)
})

test('those of a rule set that rests are hidden, and come back', () => {
  const counters = new CounterSet()
  for (const name of ['boot.a', 'spring.a']) counters.add(new CounterBlock('VBE', name).handle)
  const set = newSet()
  const segments = new StatSegments(set, counters, ['VBE'])
  const ready = () => ['VBE.boot.a', 'VBE.spring.a'].map((ident) => new StrictReader(set.path).find('Stat', ident)?.readInt32LE(0))
  counters.rest('spring', true)
  segments.update()
  expect(ready()).toEqual([1, 2])
  counters.rest('spring', false)
  segments.update()
  expect(ready()).toEqual([1, 1])
})

test('a thousand reloads leave nothing behind', () => {
  const counters = new CounterSet()
  counters.add(new CounterBlock('MAIN').handle)
  const set = newSet()
  const segments = new StatSegments(set, counters, CHILD_CLASSES)
  for (let i = 0; i < 1000; i++) {
    const block = new CounterBlock('VBE', `v${i}.a`)
    counters.add(block.handle)
    segments.update()
    counters.remove(block.handle)
    segments.update()
  }
  const reader = new StrictReader(set.path)
  expect(reader.live.map(({ ident }) => ident)).toEqual([docIdent('MAIN'), 'MAIN', docIdent('VBE')])
})
