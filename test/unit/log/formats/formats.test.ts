import { writeFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { LineFormat } from '../../../../src/log/formats/line-format.ts'
import { quoteJson, quoteText } from '../../../../src/log/formats/quote.ts'
import { strftime } from '../../../../src/log/formats/strftime.ts'
import { SPECIFIERS } from '../../../../src/log/formats/table.ts'
import { ncsaTool } from '../../../../src/tools/ncsa/main.ts'
import { NCSA_TOOL } from '../../../../src/tools/options/ncsa.ts'
import { parseOptions } from '../../../../src/tools/options/parse.ts'
import { vslFile } from '../../../kit/vsl-file.ts'

/** What is not varnishncsa's: JSON objects, what differs on purpose, and how faults are told. */

const folder = mkdtempSync(join(tmpdir(), 'lacquer-formats-'))
afterAll(() => rmSync(folder, { recursive: true }))
const [FILE, OUTPUT] = [join(folder, 'in.vsl'), join(folder, 'out')]

const REQUEST = [
  { tag: 'Begin', text: 'req 1 rxreq' },
  { tag: 'Timestamp', text: 'Start: 1795646604.972769 0.000000 0.000000' },
  { tag: 'ReqStart', text: '1.2.3.4 99 a0' },
  { tag: 'ReqMethod', text: 'GET' },
  { tag: 'ReqURL', text: '/a?b="\v\\' },
  { tag: 'ReqProtocol', text: 'HTTP/1.1' },
  { tag: 'ReqHeader', text: 'Host: h' },
  { tag: 'ReqHeader', text: 'User-Agent: \xc3\xa9 \u0001' },
  { tag: 'ReqHeader', text: 'Referer: \xe9' },
  { tag: 'VCL_call', text: 'HIT' },
  { tag: 'RespStatus', text: '200' },
  { tag: 'Timestamp', text: 'Process: 1795646604.973000 0.000231 0.000231' },
  { tag: 'Timestamp', text: 'Resp: 1795646604.974769 0.002000 0.001' },
  { tag: 'ReqAcct', text: '90 0 90 200 11 211' },
  { tag: 'End', text: '' },
] as const

async function printed(args: readonly string[], records: Parameters<typeof vslFile>[0][0]['records'] = REQUEST): Promise<string> {
  writeFileSync(FILE, vslFile([{ vxid: 1_000_002, side: 'client', records }]))
  await ncsaTool(parseOptions(NCSA_TOOL, ['-r', FILE, '-w', OUTPUT, ...args]))
  return readFileSync(OUTPUT, 'utf8')
}

describe('--json', () => {
  test('has what most ask for', async () => {
    expect(JSON.parse(await printed(['--json']))).toEqual({
      time: '2026-11-25T22:43:24.972769Z',
      vxid: 1_000_002,
      side: 'c',
      client: '1.2.3.4',
      user: null,
      method: 'GET',
      host: 'h',
      path: '/a',
      query: '?b="\v\\',
      protocol: 'HTTP/1.1',
      status: 200,
      handling: 'hit',
      duration_us: 2000,
      first_byte_s: 0.000231,
      received_bytes: 90,
      body_bytes: 11,
      sent_bytes: 211,
      referer: '\u00e9',
      user_agent: '\u00e9 \u0001',
    })
  })

  test('what is not told is null', async () => {
    const line = await printed(
      ['--json', '-F', '%s %h %t took=%D %{X}i %{Varnish:handling}x'],
      [
        { tag: 'Begin', text: 'req 1 rxreq' },
        { tag: 'RespStatus', text: '2x0' },
        { tag: 'End', text: '' },
      ],
    )
    expect(line).toBe('{"status":null,"client":null,"time":null,"took":null,"X":null,"handling":null}\n')
  })

  test('-F names fields and keys', async () => {
    expect(await printed(['--json', '-F', 'client=%h %s  request.agent=%{User-Agent}i %{VSL:ReqStart[2]}x'])).toBe(
      '{"client":"1.2.3.4","status":200,"request.agent":"\u00e9 \\u0001","ReqStart[2]":"99"}\n',
    )
  })

  test.each([
    ['%h and %s', /^format: with --json only names stand between fields.*\n  %h and %s\n     \^+$/],
    ['%h %h', /two fields are called client/],
    ['%h x=', /no field follows x=/],
    ['', /it has no field/],
  ])('refuses %s', async (format, message) => {
    await expect(printed(['--json', '-F', format])).rejects.toThrow(message)
  })
})

describe('what varnishncsa has not', () => {
  test('a percent sign', async () => {
    expect(await printed(['-F', '100%% %m'])).toBe('100% GET\n')
  })

  test('the default format by name, within another', async () => {
    expect(await printed(['-F', '%{Varnish:vxid}x %{Varnish:default_format}x'])).toBe(`1000002 ${await printed([])}`)
  })

  test('JSON that is JSON whatever the bytes', async () => {
    expect(JSON.parse(await printed(['-j', '-F', '["%U%q", "%{Referer}i", "%{User-Agent}i"]']))).toEqual([
      '/a?b="\v\\',
      '\u00e9',
      '\u00e9 \u0001',
    ])
  })
})

describe('faults show their place', () => {
  test.each([
    ['abc %z', 'there is no %z', 4, 2],
    ['%>s', '%> is for web servers: the status is %s', 0, 2],
    ['%h %', 'nothing stands behind %; %% is a percent sign', 3, 1],
    ['%{X', 'the brace is not closed', 0, 3],
    ['%{X}y', 'behind the brace stands i, o, t, T or x', 4, 1],
    ['%{}t', 'the braces have no time format; %t is the usual one', 0, 4],
    ['%{m}T', "'m' is no unit: give s, ms or us", 2, 1],
    [
      '%{Varnish:x}x',
      "there is no 'Varnish:x': give Varnish:time_firstbyte, hitmiss, handling, side, vxid or default_format, VCL_Log:key or VSL:tag",
      2,
      9,
    ],
    ['%{VSL:Req}x', "'Req' is ambiguous; see docs/reference/log-tags.md", 6, 3],
    ['%{VSL:Nope}x', "'Nope' matches zero tags; see docs/reference/log-tags.md", 6, 4],
    ['%{VSL:*URL}x', "'*URL' is more than one tag; see docs/reference/log-tags.md", 6, 4],
    ['%{VSL:ReqURL[0]}x', '[0] is no field: give a number from 1 to 255', 12, 3],
    ['%{VSL:Hash}x', 'a Hash record may hold any byte: ask for it with -j or --json', 6, 4],
  ])('%s', (format, message, at, width) => {
    expect(() => new LineFormat(format)).toThrow(`format: ${message}\n  ${format}\n  ${' '.repeat(at)}${'^'.repeat(width)}`)
  })

  test('of a long format only what is around the place is shown', () => {
    expect(() => new LineFormat(`${'x'.repeat(500)}%z`)).toThrow(`\n  ${'x'.repeat(50)}%z\n  ${' '.repeat(50)}^^`)
  })

  test.each([
    [['-F', '%h', '-F', '%s'], /there is one format/],
    [['-j', '--json'], /exclude each other/],
    [['-g', 'session'], /a line is of one request/],
    [['-D', '-w', '-'], /-D: needs -w file/],
    [['-f', join(folder, 'none')], /-f .*: there is no such file/],
  ])('of the command line: %j', async (args, message) => {
    await expect(printed(args)).rejects.toThrow(message)
  })
})

test('-f: the first line of a file', async () => {
  const file = join(folder, 'format')
  writeFileSync(file, '%m %s\n%h')
  expect(await printed(['-f', file])).toBe('GET 200\n')
  writeFileSync(file, '')
  await expect(printed(['-f', file])).rejects.toThrow(/is empty/)
})

test('what the page lists can be read', () => {
  for (const [text] of SPECIFIERS) expect(() => new LineFormat(text)).not.toThrow()
  expect(new Set(SPECIFIERS.map(([text]) => text)).size).toBe(SPECIFIERS.length)
})

test('quoting', () => {
  expect(quoteText('a"b\\c\n\r\t\v\0\x7f\xff')).toBe('a\\"b\\\\c\\n\\r\\t\\v\\x00\\x7f\\xff')
  expect(quoteJson('a"b\\c\n\v\0')).toBe('a\\"b\\\\c\\n\\u000b\\u0000')
  expect(quoteJson('\xc3\xa9')).toBe('\xc3\xa9')
  expect(quoteJson('\xc3\xa9\xe9')).toBe('\\u00c3\\u00a9\\u00e9')
})

test.each([
  ['%Y-%m-%dT%H:%M:%S%z', '2027-01-03T04:05:06+0000'],
  ['%a %A %b %B %e|%k|%l|%I%p%P', 'Sun Sunday Jan January  3| 4| 4|04AMam'],
  ['%j %U %W %V %G %g %u %w %C %y', '003 01 00 53 2026 26 7 0 20 27'],
  ['%-d %_d %05e %^a %#p %3m', '3  3 00003 SUN am 001'],
  ['%c|%D|%F|%R|%r|%T|%x|%X|%h', 'Sun Jan  3 04:05:06 2027|01/03/27|2027-01-03|04:05|04:05:06 AM|04:05:06|01/03/27|04:05:06|Jan'],
  ['%n%t%%%Ey%Od%s', '\n\t%27031798949106'],
  ['%Q %', '%Q %'],
])('strftime %s', (format, expected) => {
  process.env.TZ = 'UTC'
  expect(strftime(format, new Date(Date.UTC(2027, 0, 3, 4, 5, 6)))).toBe(expected)
})
