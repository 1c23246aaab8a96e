import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { compileVcl } from '../../src/vcl/load.ts'
import { bytesOf } from '../kit/fake-context.ts'

/** One-liners with the verdict of a real compiler (varnishd 7.1.1): `version`, import std, a backend b, then `body`. */
interface Probe {
  readonly name: string
  readonly version: string
  readonly body: string
  readonly verdict: 'accept' | 'reject'
}
const PROBES = JSON.parse(readFileSync(new URL('./probes.json', import.meta.url), 'utf8')) as Probe[]

/** Where we answer otherwise, and why. */
const DIFFERENT: Readonly<Record<string, string>> = {
  'set req.http.content-length': 'read-only since 8.0',
  'BYTES 1M': 'not supported yet: std.cache_req_body()',
}

function compileProbe({ version, body }: Probe) {
  const source = `${version}\nimport std;\nbackend b { .host = "127.0.0.1"; }\n${body}\n`
  return compileVcl(bytesOf(source), { path: 'probe.vcl', policy: 'varnish', vcl_path: [], resolveHost: () => [] })
}

test.each(PROBES.filter((probe) => DIFFERENT[probe.name] === undefined))('$verdict: $name', (probe) => {
  const compiled = compileProbe(probe)
  expect(compiled.ok ? 'accept' : 'reject', compiled.text).toBe(probe.verdict)
})

test.each(PROBES.filter((probe) => DIFFERENT[probe.name] !== undefined))('refused although Varnish 7.1 accepts it: $name', (probe) => {
  const compiled = compileProbe(probe)
  expect(probe.verdict).toBe('accept')
  expect(compiled.ok).toBe(false)
  const reason = DIFFERENT[probe.name].startsWith('read-only') ? 'cannot be set' : DIFFERENT[probe.name]
  expect(compiled.text).toContain(reason)
})

test('every exception is a probe', () => {
  const names = PROBES.map((probe) => probe.name)
  expect(Object.keys(DIFFERENT).filter((name) => !names.includes(name))).toEqual([])
})
