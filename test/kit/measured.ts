import type { LoadedVcl } from '../../src/vcl/runtime/context.ts'
import { FakeContext, fakeHost, load, run, type FakeHost } from './fake-context.ts'

/** `[statements, expression, text]`: the request with these statements, and `"<" + expression + ">"`. FAIL: the request failed. */
export type Measured = readonly [statements: string, expression: string, text: string]

export interface MeasuredFile {
  readonly head: string
  readonly cases: readonly Measured[]
}

/** A host whose backends of these names are sick. */
export function hostWith(sick: ReadonlySet<string>): FakeHost {
  return {
    ...fakeHost(),
    backend: ({ name }) => ({
      name,
      get healthy() {
        return !sick.has(name)
      },
    }),
  }
}

/** What our rules make of it, one after the other in one load. */
export function answersOf({ head, cases }: MeasuredFile): string[] {
  const blocks = cases.map(
    ([statements, expression], i) =>
      `if (req.url == "/${i}") { ${statements} set req.http.r = "<" + ${expression} + ">"; return (synth(200)); }`,
  )
  const text = `vcl 4.1; import std; ${head}\nsub vcl_recv {\n${blocks.join('\n')}\n}`
  const vcl = load(text, hostWith(new Set(['sick'])))
  return cases.map((_, i) => answer(vcl, `/${i}`))
}

/** req.http.r after vcl_recv. */
export function answer(vcl: LoadedVcl, url: string): string {
  const c = new FakeContext()
  c.req.url = url
  return run(vcl, 'recv', c) === 'fail' ? 'FAIL' : (c.req.fields.get('r') ?? '')
}
