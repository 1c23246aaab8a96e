import { describe, expect, test } from 'vitest'
import { OperatorError } from '../../../src/base/errors.ts'
import { isForeign } from '../../../src/config/foreign-parameters.ts'
import { defaultParameters, PARAMETER_NAMES, parameterRow } from '../../../src/config/parameters.ts'
import { formatParameter, setParameter } from '../../../src/config/parameter-values.ts'

describe('a value is read in its unit', () => {
  test.each([
    ['default_ttl=5m', { default_ttl: 300 }],
    ['default_ttl = 5', { default_ttl: 5 }],
    ['timeout_linger=50ms', { timeout_linger: 0.05 }],
    ['http_req_size=64k', { http_req_size: 65_536 }],
    ['max_restarts=0', { max_restarts: 0 }],
    ['eviction_size_bias=0.25', { eviction_size_bias: 0.25 }],
    ['prefer_ipv6=on', { prefer_ipv6: true }],
    ['http_range_support=false', { http_range_support: false }],
    ['policy=varnish', { policy: 'varnish' }],
    ['vcl_path=/a:/b=c', { vcl_path: '/a:/b=c' }],
  ])('%s', (assignment, expected) => {
    const values = defaultParameters()
    setParameter(values, assignment)
    expect(values).toEqual({ ...defaultParameters(), ...expected })
  })

  test('"default" takes a value back', () => {
    const values = defaultParameters()
    setParameter(values, 'default_ttl=1s')
    setParameter(values, 'default_ttl=default')
    expect(values).toEqual(defaultParameters())
  })
})

test('they stand in the order of their names, which is that of every list of them', () => {
  expect(PARAMETER_NAMES).toEqual([...PARAMETER_NAMES].sort())
})

test('none of ours is taken for one that means nothing here', () => {
  expect(PARAMETER_NAMES.filter((name) => isForeign(name))).toEqual([])
  expect(isForeign('thread_pools')).toBe(true)
})

describe('a refusal is one line that says what is allowed', () => {
  test.each([
    ['default_tll=1', "unknown parameter 'default_tll': did you mean 'default_ttl'?"],
    ['thread_pool_min=100', "unknown parameter 'thread_pool_min': varnishd has it, and there is nothing here that it sets; leave it out"],
    ['toString=1', "unknown parameter 'toString'; see docs/reference/parameters.md"],
    ['__proto__=1', "unknown parameter '__proto__'; see docs/reference/parameters.md"],
    ['default_ttl', '-p default_ttl: expected name=value'],
    ['=1', '-p =1: expected name=value'],
    ['default_ttl=', "parameter default_ttl: '' is not a duration such as 10s, 1.5m or 100ms"],
    ['default_ttl=-1s', 'parameter default_ttl: -1s is below the minimum, 0s'],
    ['http_req_size=1x', "parameter http_req_size: '1x' is not a size such as 512b, 64k or 1G"],
    ['vsl_space=5G', 'parameter vsl_space: 5G is above the maximum, 4G'],
    ['max_retries=1.5', "parameter max_retries: '1.5' is not a whole number"],
    ['eviction_size_bias=half', "parameter eviction_size_bias: 'half' is not a number such as 0.5"],
    ['eviction_size_bias=1.5', 'parameter eviction_size_bias: 1.5 is above the maximum, 1'],
    ['http_max_hdr=31', 'parameter http_max_hdr: 31 is below the minimum, 32'],
    ['prefer_ipv6=maybe', "parameter prefer_ipv6: 'maybe' is not on or off"],
    ['policy=squid', "parameter policy: 'squid' is not one of rfc9111, varnish"],
  ])('%s', (assignment, message) => {
    const values = defaultParameters()
    expect(() => setParameter(values, assignment)).toThrow(new OperatorError(message))
    expect(values).toEqual(defaultParameters())
  })
})

describe.each(PARAMETER_NAMES)('%s', (name) => {
  const row = parameterRow(name)

  test('its default is within its bounds and is what it prints', () => {
    const values = defaultParameters()
    setParameter(values, `${name}=${formatParameter(name, row.default)}`)
    expect(values).toEqual(defaultParameters())
  })

  test('says what it is for', () => {
    expect(row.about).toMatch(/^[A-Z].*\.$/s)
  })
})

test('values can be posted to a worker', () => {
  expect(structuredClone(defaultParameters())).toEqual(defaultParameters())
})

describe('feature', () => {
  const after = (...given: string[]): string => {
    const values = defaultParameters()
    for (const one of given) setParameter(values, `feature=${one}`)
    return values.feature
  }

  test.each([
    [['+esi_remove_bom'], '+esi_remove_bom,+validate_headers'],
    [['+esi_remove_bom', '+esi_ignore_https'], '+esi_ignore_https,+esi_remove_bom,+validate_headers'],
    [['+esi_remove_bom,+esi_ignore_https', '-esi_remove_bom'], '+esi_ignore_https,+validate_headers'],
    [['none'], 'none'],
    [['none', '+esi_ignore_https'], '+esi_ignore_https'],
    [['+esi_remove_bom', 'default'], '+validate_headers'],
  ])('%j', (given, value) => {
    expect(after(...given)).toBe(value)
  })

  test('others are refused, with all there are', () => {
    for (const wrong of ['+http2', 'esi_remove_bom', '', '+esi_remove_bom,']) {
      expect(() => after(wrong), wrong).toThrow(/is not \+ or - before one of esi_disable_xml_check, /)
    }
  })
})
