import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import { OperatorError } from '../../src/base/errors.ts'
import { LineFormat } from '../../src/log/formats/line-format.ts'
import { JsonFormat } from '../../src/log/formats/json-format.ts'
import { ncsaTool } from '../../src/tools/ncsa/main.ts'
import { NCSA_TOOL } from '../../src/tools/options/ncsa.ts'
import { parseOptions } from '../../src/tools/options/parse.ts'
import { vslFile, type WrittenTransaction } from '../kit/vsl-file.ts'
import { hasVarnish } from '../varnish/varnishd.ts'
import { byte, traffic } from './traffic.ts'

/** Formats and records that nobody would think of. Where varnishncsa 7.1 is installed it is asked, too. */

const HAS_VARNISHNCSA = hasVarnish('varnishncsa')

const folder = mkdtempSync(join(tmpdir(), 'lacquer-ncsa-'))
afterAll(() => rmSync(folder, { recursive: true }))
const [FILE, OUTPUT] = [join(folder, 'in.vsl'), join(folder, 'out')]

const literal = fc.constantFrom(' ', '"', '|', '\\n', '\\t', '\\x', '\\\\', 'é', '[', 'a=')
const good = fc.constantFrom(
  ...'bDHhIlmOqrstTUu'.split('').map((letter) => `%${letter}`),
  ...'{X}i {host}i {}i {X}o {Referer}i {s}T {ms}T {us}T {sec}t {msec}t {usec}t {msec_frac}t {usec_frac}t'
    .split(' ')
    .map((text) => `%${text}`),
  ...'time_firstbyte hitmiss handling side vxid'.split(' ').map((text) => `%{Varnish:${text}}x`),
  ...'VCL_Log:k VCL_Log: VSL:Begin VSL:VCL_Log:k VSL:VCL_Log:k[2] VSL:Timestamp:process[2] VSL:Error VSL:Error[2] VSL:Timestamp:Proc VSL:ReqURL[1] VSL:Link'
    .split(' ')
    .map((text) => `%{${text}}x`),
  '%{%F %T %Z|%a %e %j %U %V %G}t',
  '%{%c|%r|%k %l}t',
)
const goodFormat = fc.array(fc.oneof(literal, good, good), { maxLength: 8 }).map((parts) => parts.join(''))
const bad = fc.array(
  fc.oneof(literal, good, fc.string({ unit: byte, maxLength: 4 }), fc.constantFrom('%', '%{', '}', '[', ']', ':', 'x', 'VSL:')),
  {
    maxLength: 10,
  },
)

async function ours(args: readonly string[]): Promise<Buffer> {
  await ncsaTool(parseOptions(NCSA_TOOL, ['-r', FILE, '-w', OUTPUT, ...args]))
  return readFileSync(OUTPUT)
}

/** What varnishncsa -j has that is not JSON. */
function isTheirFault(written: readonly WrittenTransaction[]): boolean {
  return written.some(({ records: list }) => list.some(({ text }) => /[\v\x7f-\xff]/.test(text)))
}

const RUNS = { numRuns: HAS_VARNISHNCSA ? 150 : 60 }

describe('lines', () => {
  test('are those of varnishncsa, and nobody can forge one', async () => {
    await fc.assert(
      fc.asyncProperty(traffic, goodFormat, fc.subarray(['-b', '-c', '-E', '-j']), async (written, format, switches) => {
        writeFileSync(FILE, vslFile(written))
        const args = [...switches, '-F', format]
        const lines = (await ours(args)).toString('latin1')
        // \n of the format and the end of each line, and no other.
        const own = format.split('\\n').length
        const ends = lines.split('\n').length - 1
        if (!/%\{[^}]*%n/.test(format)) expect(ends % own).toBe(0)
        if (!HAS_VARNISHNCSA || (switches.includes('-j') && isTheirFault(written))) return
        const { stdout, stderr } = spawnSync('varnishncsa', ['-r', FILE, ...args])
        expect({ args, lines, stderr: '' }).toEqual({ args, lines: stdout.toString('latin1'), stderr: stderr.toString() })
      }),
      RUNS,
    )
  })

  test('as JSON are JSON', async () => {
    await fc.assert(
      fc.asyncProperty(
        traffic,
        fc.constantFrom(['--json'], ['-b', '--json'], ['--json', '-F', 'a=%r %h b=%{X}i %{VSL:Hash}x']),
        async (written, args) => {
          writeFileSync(FILE, vslFile(written))
          const lines = new TextDecoder('utf-8', { fatal: true }).decode(await ours(args)).split('\n')
          expect(lines.pop()).toBe('')
          for (const line of lines) expect(Object.keys(JSON.parse(line) as object).length).toBeGreaterThan(3)
        },
      ),
      { numRuns: 60 },
    )
  })
})

describe('formats', () => {
  test('are read, or refused with their place', () => {
    fc.assert(
      fc.property(bad, fc.boolean(), (parts, json) => {
        for (const read of [() => new LineFormat(parts.join(''), json), () => new JsonFormat(parts.join(''))]) {
          try {
            read()
          } catch (error) {
            if (!(error instanceof OperatorError)) throw error
            expect(error.message).toMatch(/^format: [^\n]+\n  [^\n]*\n +\^+$/)
          }
        }
      }),
      { numRuns: 3000 },
    )
  })
})
