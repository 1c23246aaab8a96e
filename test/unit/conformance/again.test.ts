import { describe, expect, test } from 'vitest'
import { passingAgain, TIMES } from '../../conformance/again.ts'
import { OUTCOME } from '../../conformance/outcome.ts'
import { hasFailed, mended, reportAgain, scoreOf, type Judged } from '../../conformance/score.ts'

const JUDGED = { suite: 'a suite', kind: 'required', message: '' } as const
const FAILED: Judged = { ...JUDGED, id: 'late', outcome: OUTCOME.fail, message: 'Age is 1' }
const PASSED: Judged = { ...JUDGED, id: 'early', outcome: OUTCOME.pass }

/** Runs tests of which each has its outcomes, run by run, and says which ran in each. */
function runner(outcomes: Record<string, readonly boolean[]>) {
  const runs: string[][] = []
  const run = async (ids: ReadonlySet<string>): Promise<ReadonlySet<string>> => {
    runs.push([...ids])
    return new Set([...ids].filter((id) => outcomes[id][runs.length - 1]))
  }
  return { run, runs, failed: new Set(Object.keys(outcomes)) }
}

describe('tests that have failed', () => {
  test('pass only if they pass each time, and run no more once they have failed again', async () => {
    const { run, runs, failed } = runner({ late: [true, true], unsteady: [true, false], luckless: [false, true], wrong: [false, false] })
    expect(await passingAgain(failed, run)).toEqual(new Set(['late']))
    expect(runs).toEqual([
      ['late', 'unsteady', 'luckless', 'wrong'],
      ['late', 'unsteady'],
    ])
    expect(TIMES).toBe(runs.length)
  })

  test('where none has, nothing runs', async () => {
    const { run, runs, failed } = runner({})
    expect(await passingAgain(failed, run)).toEqual(new Set())
    expect(runs).toEqual([])
  })

  test('count as passed then, and are named with what they had failed of', () => {
    const now = [PASSED, { ...FAILED, outcome: OUTCOME.pass, message: '' }]
    const judged = mended([PASSED, FAILED], now, new Set(['late']))
    expect(scoreOf(judged, 'required')).toEqual({ passed: 2, total: 2 })
    expect(reportAgain(judged)).toEqual(['', 'passed only when run again, 2 times: 1', '    late: at first failed Age is 1'])
    expect(reportAgain([PASSED, FAILED])).toEqual([])
  })

  test('are those that count', () => {
    const all = Object.values(OUTCOME).map((outcome) => ({ ...FAILED, outcome }))
    const failed = [OUTCOME.fail, OUTCOME.setup, OUTCOME.dependency, OUTCOME.retry, OUTCOME.untested]
    expect(all.filter(hasFailed).map(({ outcome }) => outcome)).toEqual(failed)
    expect(all.filter((one) => hasFailed({ ...one, kind: 'check' }))).toEqual([])
  })
})
