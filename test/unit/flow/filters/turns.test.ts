import { expect, test } from 'vitest'
import { Turns } from '../../../../src/flow/filters/turns.ts'

/** A loop that goes round when it is told to, and a clock. */
class Rig {
  now_ms = 0
  readonly called: string[] = []
  private turn: (() => void) | undefined
  readonly turns = new Turns(
    () => this.now_ms,
    (turn) => (this.turn = turn),
  )

  get due(): boolean {
    return this.turn !== undefined
  }

  /** The event loop goes round once. */
  round(): void {
    const { turn } = this
    this.turn = undefined
    turn?.()
  }

  /** So many units, each of which takes so long. */
  work(units: number, each_ms: number): void {
    for (let i = 0; i < units; i++) {
      this.now_ms += each_ms
      this.turns.spend(1)
    }
  }

  wait(name: string, units = 0, each_ms = 0): void {
    this.turns.wait(() => {
      this.called.push(name)
      this.work(units, each_ms)
    })
  }
}

test('a little work ends no turn, and asks for none', () => {
  const rig = new Rig()
  rig.work(40, 1000)
  expect(rig.turns.over).toBe(false)
  expect(rig.due).toBe(false)
})

test('a turn is over when it has taken long enough, and the next one begins with nothing spent', () => {
  const rig = new Rig()
  rig.work(200, 0.01)
  expect(rig.turns.over).toBe(false)
  rig.work(2000, 0.01)
  expect(rig.turns.over).toBe(true)
  rig.round()
  expect(rig.turns.over).toBe(false)
  rig.work(200, 0.01)
  expect(rig.turns.over).toBe(false)
})

test('those who wait have their turns in order, as many as there is time for, and who waits again comes behind them', () => {
  const rig = new Rig()
  rig.turns.wait(() => {
    rig.called.push('first')
    rig.wait('again')
  })
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) rig.wait(name, 32, 0.03)
  rig.round()
  expect(rig.called).toEqual(['first', 'a', 'b', 'c'])
  rig.round()
  expect(rig.called.slice(4)).toEqual(['d', 'e', 'f'])
  rig.round()
  expect(rig.called.slice(7)).toEqual(['again'])
  expect(rig.due).toBe(false)
})

test('each who waits has one turn, however many there are', () => {
  const rig = new Rig()
  for (let i = 0; i < 5000; i++) rig.wait(String(i), 1, 0.01)
  let rounds = 0
  for (; rig.due; rounds++) rig.round()
  expect(rig.called).toEqual(Array.from({ length: 5000 }, (_, i) => String(i)))
  expect(rounds).toBeGreaterThan(20)
})

test('one who throws does not keep the others waiting', () => {
  const rig = new Rig()
  rig.turns.wait(() => {
    throw new Error('a mistake')
  })
  rig.wait('next')
  expect(() => rig.round()).toThrow('a mistake')
  rig.round()
  expect(rig.called).toEqual(['next'])
})
