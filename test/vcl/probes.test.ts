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

test.each(PROBES)('$verdict: $name', ({ version, body, verdict }) => {
  const source = `${version}\nimport std;\nbackend b { .host = "127.0.0.1"; }\n${body}\n`
  const compiled = compileVcl(bytesOf(source), { path: 'probe.vcl', policy: 'varnish', vcl_path: [], resolveHost: () => [] })
  expect(compiled.ok ? 'accept' : 'reject', compiled.text).toBe(verdict)
})
