import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { CompiledVcl } from '../../../src/vcl/load.ts'
import { FakeContext, fakeHost } from '../../kit/fake-context.ts'
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
  }, 120_000)

  test('run without a mistake of the emitter: whatever fails does so in words of the rules', () => {
    const wrong: string[] = []
    // The last are those of public files.
    for (const [version, body] of VERDICTS.filter(([, , accepted]) => accepted).slice(-400)) {
      const compiled = compileOurs({ version, body })
      if (compiled.ok) wrong.push(...mistakes(compiled.program).map((text) => `${text}: ${body}`))
    }
    expect(wrong).toEqual([])
  }, 120_000)
})

/** What JavaScript says of code that is wrong. */
const MISTAKE = /is not a function|is not defined|is not iterable|undefined|Cannot read|before initialization|NaN/

function mistakes(program: CompiledVcl): string[] {
  const said: string[] = []
  const house = fakeHost()
  try {
    const vcl = program.instantiate(house)
    for (const sub of Object.values(vcl.subs) as ((c: unknown) => number)[]) {
      const c = new FakeContext()
      sub(c)
      said.push(...c.errors)
    }
  } catch (error) {
    said.push(String(error))
  }
  return said.filter((text) => MISTAKE.test(text))
}
