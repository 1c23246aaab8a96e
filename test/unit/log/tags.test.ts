import { describe, expect, test } from 'vitest'
import { OperatorError } from '../../../src/base/errors.ts'
import { changeMask, DEFAULT_MASK } from '../../../src/config/log-mask.ts'
import { defaultMask, maskOf, parseMask, TAG, tagName, TAGS } from '../../../src/log/tags.ts'

test('numbers are those of Varnish 7.1: 1 to 96 without a gap', () => {
  expect(Object.values(TAG)).toEqual(Array.from({ length: 96 }, (_, i) => i + 1))
  expect(TAG).toMatchObject({ Debug: 1, ReqMethod: 15, RespHeader: 28, VCL_call: 60, Begin: 76, End: 77, Timestamp: 80, VdpAcct: 96 })
  expect([tagName(20), tagName(97)]).toEqual(['ReqHeader', undefined])
})

describe('vsl_mask', () => {
  const suppressed = (mask: Uint8Array): string[] => Object.keys(TAGS).filter((name) => mask[TAG[name as keyof typeof TAG]] === 1)
  const usual = suppressed(defaultMask())

  test('default', () => {
    expect(usual).toEqual(
      'Debug ObjProtocol ObjStatus ObjReason ObjHeader VCL_trace ExpKill WorkThread Hash VfpAcct H2RxHdr H2RxBody H2TxHdr H2TxBody VdpAcct'.split(
        ' ',
      ),
    )
  })

  test.each([
    ['default', usual],
    ['+Hash', usual.filter((name) => name !== 'Hash')],
    ['+debug, -reqheader', [...usual.filter((name) => name !== 'Debug'), 'ReqHeader'].sort((a, b) => TAG[a as 'End'] - TAG[b as 'End'])],
    ['none', []],
    ['none,-End', ['End']],
    ['all,+End,default', usual],
  ])('%s', (text, expected) => expect(suppressed(parseMask(text))).toEqual(expected))

  test('all', () => expect(suppressed(parseMask('all'))).toHaveLength(96))

  test.each([
    ['Hash', "parameter vsl_mask: 'Hash' is not +Tag, -Tag, default, all or none"],
    ['+ReqHedaer', "parameter vsl_mask: there is no tag 'ReqHedaer': did you mean 'ReqHeader'?"],
    ['-qqqqqqq', "parameter vsl_mask: there is no tag 'qqqqqqq'; see docs/reference/log-tags.md"],
    ['', "parameter vsl_mask: '' is not +Tag, -Tag, default, all or none"],
  ])('not %j', (text, message) => expect(() => parseMask(text)).toThrow(new OperatorError(message)))
})

test('vsl_mask is kept as all that is suppressed, and changes add up', () => {
  expect(DEFAULT_MASK).toMatch(/^-Debug,-ObjProtocol,.*,-VdpAcct$/)
  expect(changeMask(DEFAULT_MASK, 'none')).toBe('none')
  expect(changeMask('none', '-end,-ReqURL')).toBe('-ReqURL,-End')
  expect(changeMask('-ReqURL,-End', '+reqUrl')).toBe('-End')
  expect(changeMask('-End', '+End')).toBe('none')
  expect(changeMask('-End', 'default')).toBe(DEFAULT_MASK)
  expect(suppressedBy(changeMask('none', 'all'))).toBe(96)
  expect([...maskOf('-End')].map((masked, number) => (masked === 1 ? number : 0)).filter(Boolean)).toEqual([TAG.End])
})

function suppressedBy(value: string): number {
  return value.split(',').length
}
