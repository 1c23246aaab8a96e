import { beforeEach, describe, expect, test } from 'vitest'
import { ManualClock } from '../../../src/base/clock.ts'
import { parseCommandLine, type ServeOptions } from '../../../src/config/command-line.ts'
import { CounterSet } from '../../../src/counters/counters.ts'
import { RuleSets } from '../../../src/manager/rule-sets.ts'
import { checkRules } from '../../../src/manager/rules.ts'
import type { RuleCounts, RuleOrder } from '../../../src/worker/config.ts'

/** What becomes of a change when one of the workers refuses it, does not answer, or dies over it. */
const RULES = 'vcl 4.1; backend default none;'
const options = parseCommandLine(['serve', '-b', 'x']) as ServeOptions

type Order = RuleOrder['does']

/** Two workers that do as a test says. */
class Pair {
  readonly heard: string[][] = [[], []]
  refusing: { slot: number; order: Order } | undefined
  /** Their threads end over it. */
  dying: { slot: number; order: Order } | undefined
  onOrder: (slot: number, order: RuleOrder) => void = () => {}

  tell(of: (slot: number) => RuleOrder): Promise<(RuleCounts | undefined)[]> {
    const faults: Error[] = []
    const answers = [0, 1].map((slot): RuleCounts | undefined => {
      const order = of(slot)
      this.onOrder(slot, order)
      const id = 'id' in order ? order.id : 'set' in order ? order.set.id : ''
      this.heard[slot].push(`${order.does} ${id}`.trim())
      if (this.refusing?.slot === slot && this.refusing.order === order.does) faults.push(new Error('vcl_init failed: no'))
      if (this.dying?.slot === slot && this.dying.order === order.does) return undefined
      return []
    })
    return faults.length > 0 ? Promise.reject(faults[0]) : Promise.resolve(answers)
  }
}

let pair: Pair
let counters: CounterSet
let clock: ManualClock
let sets: RuleSets
let warnings: string[]

beforeEach(() => {
  pair = new Pair()
  counters = new CounterSet()
  clock = new ManualClock()
  warnings = []
  const check = (source: Parameters<typeof checkRules>[0], labels: readonly string[]) => checkRules(source, options, labels)
  const parts = {
    workers: 2,
    counters,
    clock,
    parameters: { vcl_cooldown: 600 },
    read: (path: string) => ({ path, text: RULES }),
    check,
    tell: (of: (slot: number) => RuleOrder) => pair.tell(of),
    warn: (line: string) => void warnings.push(line),
  }
  sets = new RuleSets(parts)
  sets.begin('boot', check({ path: 'boot.vcl', text: RULES }, []))
})

const names = async (): Promise<string[]> => (await sets.list()).map(({ name, status }) => `${name} ${status}`)
const ended = (id: number): void => [0, 1].forEach((slot) => sets.over(slot, id))

describe('after vcl_cooldown', () => {
  const temperatures = async (): Promise<string[]> => (await sets.list()).map(({ name, temperature }) => `${name} ${temperature}`)

  test('the rules of the start are warm while they are active: nothing else would probe their backends', async () => {
    clock.advance(601_000)
    await sets.tend()
    expect(pair.heard).toEqual([[], []])
    expect(await temperatures()).toEqual(['boot warm'])
  })

  test('those that are not used cool, and not the ones that have come into use while they waited for it', async () => {
    await sets.load('a', 'a.vcl')
    await sets.load('b', 'b.vcl')
    clock.advance(601_000)
    const used = sets.use('a')
    await Promise.all([used, sets.tend()])
    expect(await temperatures()).toEqual(['boot warm', 'a warm', 'b cold'])
    clock.advance(601_000)
    await sets.tend()
    expect(await temperatures()).toEqual(['boot cold', 'a warm', 'b cold'])
  })

  test('nor one that was discarded meanwhile: others have its name, and their probes go on', async () => {
    await sets.load('a', 'a.vcl')
    clock.advance(601_000)
    const changed = [sets.discard(['a']), sets.load('a', 'a.vcl')]
    await Promise.all([...changed, sets.tend()])
    expect(pair.heard[0]).toEqual(['load 2', 'discard 2', 'load 3'])
  })
})

describe('one worker refuses', () => {
  test('to load: the others let it go again, and the name is free', async () => {
    pair.refusing = { slot: 1, order: 'load' }
    await expect(sets.load('a', 'a.vcl')).rejects.toThrow('vcl_init failed: no')
    expect(pair.heard).toEqual([
      ['load 2', 'discard 2'],
      ['load 2', 'discard 2'],
    ])
    ended(2)
    expect(await names()).toEqual(['boot active'])
    pair.refusing = undefined
    await sets.load('a', 'a.vcl')
    expect(await names()).toEqual(['boot active', 'a available'])
  })

  test('to find rules that it could not bring to life when it was started: nobody switches', async () => {
    await sets.load('a', 'a.vcl')
    sets.began(1, [[2, 'vcl_init failed: the file has gone']])
    expect(warnings).toEqual(['worker 1: rule set a cannot be used there: vcl_init failed: the file has gone'])
    pair.refusing = { slot: 1, order: 'find' }
    await expect(sets.use('a')).rejects.toThrow()
    expect(pair.heard.flat()).not.toContain('use 2')
    expect(await names()).toEqual(['boot active', 'a available'])
  })

  test('to answer at all: it is told all the same, and the operator hears of it', async () => {
    pair.refusing = { slot: 0, order: 'discard' }
    await sets.load('a', 'a.vcl')
    await expect(sets.discard(['a'])).rejects.toThrow()
    expect(await names()).toEqual(['boot active', 'a discarded'])
    ended(2)
    expect(await names()).toEqual(['boot active'])
  })

  test('to switch: all go back', async () => {
    await sets.load('a', 'a.vcl')
    pair.refusing = { slot: 1, order: 'use' }
    await expect(sets.use('a')).rejects.toThrow()
    expect(pair.heard[0].slice(-2)).toEqual(['use 2', 'use 1'])
    expect(await names()).toEqual(['boot active', 'a available'])
  })
})

describe('one worker dies', () => {
  test('over a load: the one that takes its place begins with it', async () => {
    let begun: string[] = []
    pair.onOrder = (slot, { does }) => {
      // It is told in the same moment in which another could begin.
      if (slot === 1 && does === 'load') begun = sets.tableOf(1).sets.map(({ name }) => name)
    }
    pair.dying = { slot: 1, order: 'load' }
    await sets.load('a', 'a.vcl')
    expect(begun).toEqual(['boot', 'a'])
  })

  test('over a switch: the one that takes its place begins with what is active now', async () => {
    await sets.load('a', 'a.vcl')
    let active = 0
    pair.onOrder = (slot, { does }) => {
      if (slot === 1 && does === 'use') active = sets.tableOf(1).active
    }
    pair.dying = { slot: 1, order: 'use' }
    await sets.use('a')
    expect(active).toBe(2)
  })

  test('with the last requests that went by discarded rules: they have ended', async () => {
    await sets.load('a', 'a.vcl')
    await sets.discard(['a'])
    expect(await names()).toEqual(['boot active', 'a discarded'])
    sets.over(0, 2)
    expect(await names()).toEqual(['boot active', 'a discarded'])
    sets.buried(1)
    expect(await names()).toEqual(['boot active'])
    expect(counters.snapshot()).toMatchObject({ 'MAIN.n_vcl': 1, 'MAIN.n_vcl_discard': 0, 'MAIN.n_backend': 1 })
    expect(Object.keys(counters.snapshot()).filter((name) => name.startsWith('VBE.a.'))).toEqual([])
  })

  test('over a discard: it has ended there', async () => {
    await sets.load('a', 'a.vcl')
    pair.dying = { slot: 1, order: 'discard' }
    await sets.discard(['a'])
    sets.over(0, 2)
    expect(await names()).toEqual(['boot active'])
  })
})

test('what several ask for at once is done one after the other', async () => {
  await Promise.all([sets.load('a', 'a.vcl'), sets.load('b', 'b.vcl'), sets.use('a'), sets.use('b'), sets.discard(['a'])])
  expect(pair.heard[0]).toEqual(['load 2', 'load 3', 'find 2', 'use 2', 'find 3', 'use 3', 'discard 2'])
  expect(pair.heard[1]).toEqual(pair.heard[0])
})

test('one that fails keeps nobody after it', async () => {
  const results = await Promise.allSettled([sets.use('none'), sets.load('a', 'a.vcl')])
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled'])
})
