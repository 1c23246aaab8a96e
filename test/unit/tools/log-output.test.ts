import { describe, expect, test } from 'vitest'
import { groupJson } from '../../../src/tools/log/json.ts'
import { COLOURED, groupText, PLAIN } from '../../../src/tools/log/text.ts'
import { groupOf, recordsOf, transaction } from '../log/query/kit.ts'

const ALL = { isAsked: () => true, shows: () => true }

describe('text', () => {
  test('levels beyond three are told as numbers', () => {
    const group = [1, 2, 3, 4, 12].map((level) => transaction(recordsOf(['ReqMethod', 'GET']), level))
    expect(groupText(group, { ...ALL, verbose: false, colours: PLAIN }).split('\n')).toEqual([
      '*   << Request  >> 7         ',
      '-   ReqMethod      GET',
      '**  << Request  >> 7         ',
      '--  ReqMethod      GET',
      '*** << Request  >> 7         ',
      '--- ReqMethod      GET',
      '*4* << Request  >> 7         ',
      '-4- ReqMethod      GET',
      '*12* << Request  >> 7         ',
      '-12- ReqMethod      GET',
      '',
      '',
    ])
  })

  test('what may hold any byte is quoted', () => {
    expect(groupText(groupOf(['Debug', 'a"\x01\xff']), { ...ALL, verbose: true, colours: PLAIN }).split('\n')[1]).toBe(
      '-            7 Debug          c "a"%01%ff%00"',
    )
  })

  test('on a terminal titles and tags have colours, and nothing else changes', () => {
    const group = groupOf(['ReqMethod', 'GET'])
    const coloured = groupText(group, { ...ALL, verbose: true, colours: COLOURED })
    expect(coloured).toContain('\x1b[32mReqMethod     \x1b[m c GET')
    // oxlint-disable-next-line no-control-regex
    expect(coloured.replaceAll(/\x1b\[[0-9;]*m/g, '')).toBe(groupText(group, { ...ALL, verbose: true, colours: PLAIN }))
  })

  test('on a terminal a stranger’s text moves no cursor', () => {
    const group = groupOf(['VCL_Log', '\x1b[2J \xc2\x9b2J \xc3\xbc'])
    const text = groupText(group, { ...ALL, verbose: false, colours: PLAIN, on_terminal: true })
    expect(text).toContain('VCL_Log        ?[2J ?2J \xc3\xbc\n')
    expect(groupText(group, { ...ALL, verbose: false, colours: PLAIN })).toContain('\x1b[2J \xc2\x9b2J')
  })

  test('a group of which nothing is asked for is nothing', () => {
    expect(groupText(groupOf(['ReqMethod', 'GET']), { ...ALL, isAsked: () => false, verbose: false, colours: PLAIN })).toBe('')
  })
})

describe('JSON', () => {
  function record(text: string): unknown {
    const line = groupJson(groupOf(['VCL_Log', text]), ALL)
    expect(line.endsWith('\n')).toBe(true)
    expect(line.slice(0, -1)).not.toContain('\n')
    return (JSON.parse(line) as { transactions: { records: unknown[] }[] }).transactions[0].records[0]
  }

  test.each([
    ['plain', 'plain'],
    ['quotes " and \\', 'quotes " and \\'],
    ['a line\nbreak, \t, \x01', 'a line\nbreak, \t, \x01'],
    [Buffer.from('ü €').toString('latin1'), 'ü €'],
    [Buffer.from('\ufeffa mark').toString('latin1'), '\ufeffa mark'],
  ])('%j', (bytes, text) => {
    expect(record(bytes)).toEqual({ tag: 'VCL_Log', side: 'client', text })
  })

  test('what is not UTF-8 is told byte for byte, and that it is', () => {
    expect(record('a\xff\xc3')).toEqual({ tag: 'VCL_Log', side: 'client', text: 'a\xff\xc3', latin1: true })
  })

  test('a transaction', () => {
    expect(JSON.parse(groupJson([transaction(recordsOf(['End', '']), 2, 9, 'bereq', 'fetch')], ALL))).toEqual({
      transactions: [{ vxid: 9, parent: 0, kind: 'bereq', reason: 'fetch', level: 2, records: [{ tag: 'End', side: 'client', text: '' }] }],
    })
  })

  test('a record on its own that is not shown is no line', () => {
    const group = [transaction(recordsOf(['End', '']), 0, 0, 'raw')]
    expect(groupJson(group, { ...ALL, shows: () => false })).toBe('')
  })
})
