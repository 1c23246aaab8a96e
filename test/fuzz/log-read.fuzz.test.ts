import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { ManualClock } from '../../src/base/clock.ts'
import { OperatorError } from '../../src/base/errors.ts'
import { compileQuery } from '../../src/log/query/query.ts'
import { RecordFilter } from '../../src/log/query/filter.ts'
import { readTransactions } from '../../src/log/read/read-transactions.ts'
import { GROUPINGS } from '../../src/log/read/transaction.ts'
import { groupJson } from '../../src/tools/log/json.ts'
import { groupText, PLAIN } from '../../src/tools/log/text.ts'
import { groupOf } from '../unit/log/query/kit.ts'
import { FakeServer, follow } from '../unit/log/read/kit.ts'

/** Whatever is in a file, in a ring or in a query: nothing is thrown but what is said to the operator, and there is an end to it. */
const folder = mkdtempSync(join(tmpdir(), 'lacquer-fuzz-'))
afterAll(() => rmSync(folder, { recursive: true }))

const SHOWN = { isAsked: () => true, shows: () => true, verbose: false, colours: PLAIN }

/** Of words that mean something, and of any. */
const words = fc.array(
  fc.oneof(
    fc.constantFrom(0, 0xfe454545, 0xfe575757, 0xff000000, 0x4c00000c, 0x4d000001, 0x4b000010, 0x4e000005, 0x48000101),
    fc.constantFrom(8, 16, 64, 0x40000002, 0x80000002, 0x40000003),
    fc.constantFrom(...['req ', '1 rx', 'req\0', 'sess', ' 0 x', 'bere', 'q 2 '].map((text) => Buffer.from(text).readUInt32LE())),
    fc.integer({ min: 0, max: 0xffffffff }),
  ),
  { maxLength: 400, size: 'max' },
)

test('files', async () => {
  const file = join(folder, 'garbage')
  await fc.assert(
    fc.asyncProperty(words, fc.constantFrom(...GROUPINGS), fc.constantFrom(1, 3, 1000), async (content, grouping, incomplete_max) => {
      writeFileSync(file, Buffer.concat([Buffer.from('VSL\0'), Buffer.from(Uint32Array.from(content).buffer)]))
      const ended = await readTransactions(
        {
          place: { file },
          grouping,
          query: compileQuery('* ~ "[0-9]$" or Begin[2] == 1', false),
          incomplete_max,
          timeout_s: 120,
          groups_max: undefined,
          rate: undefined,
        },
        { clock: new ManualClock(), complain: () => {}, pause: () => Promise.resolve() },
        (group) => void [groupText(group, SHOWN), groupJson(group, SHOWN)],
      )
      expect(ended).toBe('end')
    }),
    { numRuns: 300 },
  )
})

test('rings', async () => {
  await fc.assert(
    fc.asyncProperty(words, fc.nat(2000), fc.boolean(), fc.boolean(), async (content, at, history, is_head) => {
      const server = new FakeServer(2, 16 * 1024)
      try {
        server.startWorker()
        for (let i = 0; i < 5; i++) server.request(2 * i + 2, `/${i}`)
        server.publish()
        const damaged = new Uint32Array(server.ring.slice(0))
        const place = is_head ? 2 + (at % 20) : 22 + at
        damaged.set(content.slice(0, Math.max(0, Math.min(is_head ? 3 : 400, damaged.length - place))), place)
        const damage = (): void => server.publish(Buffer.from(damaged.buffer))
        if (history) damage()
        const seen = await follow(
          server,
          Array.from({ length: 6 }, (_, i) => (i === 0 ? damage : () => {})),
          { history },
        )
        expect(['stopped', 'end']).toContain(seen.ended)
        expect(seen.said.length).toBeLessThan(10)
      } finally {
        server.remove()
      }
    }),
    { numRuns: 200 },
  )
})

const piece = fc.oneof(
  fc.constantFrom(
    'ReqURL',
    'VCL_*',
    '{1}',
    '{2+}',
    '[1]',
    ':a',
    ',',
    '(',
    ')',
    'and',
    'or',
    'not',
    '==',
    '!~',
    '~',
    'eq',
    'vxid',
    '"a',
    '"',
    "'b'",
    '\\',
    '\n',
    '#',
    '5',
    '1.5',
    '0x',
    '-',
  ),
  fc.string({ maxLength: 5 }),
)

test('queries', () => {
  const group = groupOf(['Begin', 'req 1 rxreq'], ['ReqURL', '/a'], ['VCL_Log', 'a: 5'], ['End', ''])
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), fc.boolean(), (pieces, caseless) => {
      const query = pieces.join(' ')
      try {
        const test_ = compileQuery(query, caseless)
        expect([true, false, undefined]).toContain(test_?.test(group))
      } catch (error) {
        expect(error).toBeInstanceOf(OperatorError)
        // The mark stands below a character of the line, or behind it.
        const [, line, mark] = (error as Error).message.split('\n')
        expect(mark.trimEnd().length).toBeLessThanOrEqual(line.length + 1)
      }
    }),
    { numRuns: 2000 },
  )
})

test('options of what is shown', () => {
  fc.assert(
    fc.property(fc.constantFrom('i', 'I', 'x', 'X'), fc.string({ maxLength: 12 }), (name, value) => {
      try {
        expect(new RecordFilter([{ name, value }])).toBeDefined()
      } catch (error) {
        expect(error).toBeInstanceOf(OperatorError)
      }
    }),
    { numRuns: 500 },
  )
})
