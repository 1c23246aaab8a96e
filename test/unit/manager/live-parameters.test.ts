import { describe, expect, test } from 'vitest'
import { defaultParameters, type ParameterValues } from '../../../src/config/parameters.ts'
import { LiveParameters } from '../../../src/manager/live-parameters.ts'

function live() {
  const running = defaultParameters()
  const told: Partial<ParameterValues>[] = []
  const parameters = new LiveParameters({
    running,
    workers: 2,
    tell: (changed) => {
      told.push(changed)
      return Promise.resolve()
    },
    warn: () => {},
  })
  return { running, told, parameters }
}

describe('parameters of a running program', () => {
  test('what is read when it is needed changes at once, everywhere', async () => {
    const { running, told, parameters } = live()
    expect(await parameters.set('default_ttl', '3s')).toBe('now')
    expect(running.default_ttl).toBe(3)
    expect(told).toEqual([{ default_ttl: 3 }])
    expect(await parameters.set('default_ttl', 'default')).toBe('now')
    expect(running.default_ttl).toBe(120)
  })

  test('what is read once waits for the next start of all workers, and is shown as it will be', async () => {
    const { running, told, parameters } = live()
    expect(await parameters.set('no_vary_search', 'on')).toBe('at start')
    expect(running.no_vary_search).toBe(false)
    expect(parameters.values().no_vary_search).toBe(true)
    expect(told).toEqual([])
    parameters.settle()
    expect(running.no_vary_search).toBe(true)
  })

  test.each([
    ['default_ttl', 'x', "parameter default_ttl: 'x' is not a duration"],
    ['default_ttl', '-1', 'below the minimum'],
    ['nope', '1', "unknown parameter 'nope'"],
    ['policy', 'varnish', 'policy is settled when Lacquer starts: start it again with -p policy=varnish'],
    ['vsl_mask', '-Nope', "there is no tag 'Nope'"],
  ])('%s=%s is refused, and changes nothing', async (name, text, why) => {
    const { running, parameters } = live()
    await expect(parameters.set(name, text)).rejects.toThrow(why)
    expect(running).toEqual(defaultParameters())
    expect(parameters.values()).toEqual(defaultParameters())
  })
})
