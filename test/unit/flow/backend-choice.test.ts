import { describe, expect, test } from 'vitest'
import { defaultParameters } from '../../../src/config/parameters.ts'
import { timeoutsFor } from '../../../src/flow/backend-choice.ts'
import { specOf } from '../origin/kit.ts'

const parameters = defaultParameters()

describe('timeouts of a fetch', () => {
  test('the parameter holds unless the backend declares another', () => {
    const spec = specOf(1, { first_byte_timeout_ms: 7 })
    expect(timeoutsFor(spec, parameters, NaN, NaN, NaN)).toEqual({ connect_ms: 3500, first_byte_ms: 7, between_bytes_ms: 60_000 })
  })

  test('rules go before both', () => {
    const spec = specOf(1, { first_byte_timeout_ms: 7 })
    expect(timeoutsFor(spec, parameters, 1, 2, 3)).toEqual({ connect_ms: 1000, first_byte_ms: 2000, between_bytes_ms: 3000 })
  })

  test('0 is no limit, wherever it is said', () => {
    const unlimited = { connect_ms: Infinity, first_byte_ms: Infinity, between_bytes_ms: Infinity }
    const none = { connect_timeout: 0, first_byte_timeout: 0, between_bytes_timeout: 0 }
    const spec = specOf(1, { connect_timeout_ms: 0, first_byte_timeout_ms: 0, between_bytes_timeout_ms: 0 })
    expect(timeoutsFor(specOf(1), { ...parameters, ...none }, NaN, NaN, NaN)).toEqual(unlimited)
    expect(timeoutsFor(spec, parameters, NaN, NaN, NaN)).toEqual(unlimited)
    expect(timeoutsFor(specOf(1), parameters, 0, 0, 0)).toEqual(unlimited)
  })
})
