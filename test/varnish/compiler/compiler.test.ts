import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { compileOurs } from './compare.ts'
import { different } from './different.ts'
import { programs, textOf } from './generate.ts'
import { RECORD, type Verdict } from './record.ts'

/** Generated programs, and what the compiler of varnishd 7.1 said of each. */
const VERDICTS = JSON.parse(readFileSync(RECORD, 'utf8')) as Verdict[]

describe('programs of the generator', () => {
  test('are accepted and refused in numbers that mean something', () => {
    const accepted = VERDICTS.filter(([, , verdict]) => verdict).length
    expect(VERDICTS.length).toBeGreaterThan(1500)
    expect(accepted / VERDICTS.length).toBeGreaterThan(0.2)
    expect(accepted / VERDICTS.length).toBeLessThan(0.8)
  })

  test('are the same for the same seed', () => {
    const first = programs(1, 20).map(textOf)
    expect(programs(1, 20).map(textOf)).toEqual(first)
    expect(programs(2, 20).map(textOf)).not.toEqual(first)
  })

  test('mean to us what they mean to varnishd', () => {
    const wrong: string[] = []
    for (const [version, body, accepted] of VERDICTS) {
      const ours = compileOurs({ version, body })
      if (ours.ok === accepted) continue
      if (different({ version, body }, accepted, ours) === undefined)
        wrong.push(`${accepted ? 'refused' : 'accepted'}: ${body}\n${ours.text}`)
    }
    expect(wrong).toEqual([])
  })
})
