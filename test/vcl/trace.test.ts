import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { compileVcl } from '../../src/vcl/load.ts'
import { instantiateVcl } from '../../src/vcl/instantiate.ts'
import type { TraceSink } from '../../src/vcl/runtime/trace.ts'
import { FakeContext, fakeHost } from '../kit/fake-context.ts'

const OPTIONS = { path: 'test.vcl', policy: 'rfc9111', vcl_path: [] } as const

function compiled(source: string, trace: boolean) {
  const result = compileVcl(source, { ...OPTIONS, trace })
  if (!result.ok) throw new Error(result.text)
  return result.program
}

/** What is told while vcl_recv runs: the text of each statement, and what it came to. */
function told(body: string, c = new FakeContext()): string[] {
  const { image } = compiled(`vcl 4.1; import std; backend default none; sub vcl_recv { ${body} return (hash); }`, true)
  const lines: string[] = []
  const text = (point: number) => image.trace![point].text.replace(/;.*/, '')
  const trace: TraceSink = {
    step: (_, point) => void lines.push(text(point)),
    value: (_, point, value) => void lines.push(`${text(point)} => ${String(value)}`),
  }
  const { subs } = instantiateVcl(image, { ...fakeHost(), trace })
  expect(lines).toEqual(['return (ok)'])
  subs.recv(c as never)
  return lines.slice(1)
}

describe('traced rules', () => {
  test('say each statement before it runs, and what variables hold after they were set', () => {
    expect(told('set req.http.A = "x" + req.method; unset req.http.A; set req.http.B = req.http.A;')).toEqual([
      'set req.http.A = "x" + req.method',
      'set req.http.A = "x" + req.method => xGET',
      'unset req.http.A',
      'set req.http.B = req.http.A',
      'set req.http.B = req.http.A => ',
      'return (hash)',
    ])
  })

  test('say of conditions what they came to, and only of those that were looked at', () => {
    const lines = told(
      'if (req.method == "PUT") {\n std.log("a");\n} elsif (req.method == "GET") {\n std.log("b");\n} elseif (true) {\n std.log("c");\n}\n',
    )
    expect(lines).toEqual([
      'if (req.method == "PUT") {',
      'if (req.method == "PUT") { => false',
      'elsif (req.method == "GET") {',
      'elsif (req.method == "GET") { => true',
      'std.log("b")',
      'return (hash)',
    ])
  })

  test('fail as they would without', () => {
    const c = new FakeContext()
    expect(told('set req.url = req.http.None;', c)).toEqual(['set req.url = req.http.None'])
    expect(c.errors.join()).toContain('req.url cannot be empty (vcl_recv, test.vcl:1:')
  })

  test('run without anybody who listens', () => {
    const { image } = compiled('vcl 4.1; backend default none; sub vcl_recv { set req.http.A = "1"; return (pass); }', true)
    const c = new FakeContext()
    instantiateVcl(image, fakeHost()).subs.recv(c as never)
    expect(c.req.fields.get('a')).toBe('1')
  })
})

const folder = new URL('../../vcl-examples/', import.meta.url)
const examples = readdirSync(folder).filter((name) => name.endsWith('.vcl'))

test.each(examples)('%s: what is not traced has no trace of it, and what is can be run', (name) => {
  const source = readFileSync(new URL(name, folder), 'latin1')
  const plain = compiled(source, false)
  expect(plain.image.trace).toBeUndefined()
  expect(plain.js).not.toMatch(/\b(?:traced|seen|judged|readBack|tracer)\b/)
  const { image } = compiled(source, true)
  for (const point of image.trace!) expect(point).toMatchObject({ line: expect.any(Number), text: expect.stringMatching(/^\S/) })
  expect(() => instantiateVcl(image, fakeHost())).not.toThrow()
})
