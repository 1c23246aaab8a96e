import type { Place } from '../../vcl/ast.ts'
import type { Ip } from '../../base/ip.ts'
import type { Diagnostic, SourceSet } from '../../vcl/diagnostic.ts'
import type { SubjectRow } from './subjects.ts'

/** A test file, read. Texts are latin1, a character a byte, as in rule files. */
export interface TestFile {
  readonly path: string
  readonly sources: SourceSet
  /** As written behind `rules`; undefined: the rule file of the same name beside it. */
  readonly rules: Named | undefined
  readonly policies: readonly PolicyName[]
  readonly params: readonly Named[]
  /** What return (vcl(NAME)) leads to. */
  readonly labels: readonly LabelLine[]
  /** Steps in front of the first test: every test begins with them. */
  readonly setup: readonly Step[]
  readonly replaces: readonly Replace[]
  readonly tests: readonly TestCase[]
}

export type PolicyName = 'rfc9111' | 'varnish'

export interface Named {
  readonly at: Place
  readonly text: string
}

export interface LabelLine {
  readonly at: Place
  readonly name: string
  readonly path: Named
}

/** The rules are tried with another text in this place, as whoever adapts them would change them. */
export interface Replace {
  readonly at: Place
  readonly from: string
  readonly to: string
}

export interface TestCase {
  readonly at: Place
  readonly name: string
  /** Undefined: those of the file. */
  readonly policies: readonly PolicyName[] | undefined
  readonly params: readonly Named[]
  readonly replaces: readonly Replace[]
  readonly steps: readonly Step[]
}

export type Step =
  | RequestStep
  | FinishStep
  | OriginStep
  | ExpectStep
  | { readonly kind: 'wait'; readonly at: Place; readonly seconds: number }
  | { readonly kind: 'health'; readonly at: Place; readonly backend: Named; readonly healthy: boolean }
  | { readonly kind: 'ban'; readonly at: Place; readonly expression: string }
  | { readonly kind: 'purge'; readonly at: Place; readonly url: string; readonly host: string; readonly soft: boolean }
  | { readonly kind: 'purge-tags'; readonly at: Place; readonly tags: readonly string[]; readonly soft: boolean }

export interface FinishStep {
  readonly kind: 'finish'
  readonly at: Place
  readonly client: string
}

export type FieldLine = readonly [name: string, value: string]

export interface RequestStep {
  readonly kind: 'request'
  readonly at: Place
  /** With a name: it is begun only, and `finish` waits for its answer. */
  readonly client: string | undefined
  readonly method: string
  readonly url: string
  readonly proto: 'HTTP/1.1' | 'HTTP/1.0'
  readonly ip: Ip
  readonly fields: readonly FieldLine[]
  readonly body: string | undefined
  /** It is sent so often, one after the other. */
  readonly times: number
}

export type OriginFailure = 'refused' | 'unreachable' | 'timeout' | 'closed' | 'malformed'

export interface OriginStep {
  readonly kind: 'origin'
  readonly at: Place
  /** Undefined: every backend that has no answer of its own. */
  readonly backend: Named | undefined
  readonly answer: Answer
}

export interface Answer {
  readonly failure: OriginFailure | undefined
  readonly status: number
  readonly reason: string
  readonly fields: readonly FieldLine[]
  /** Undefined: the number of the request. */
  readonly body: string | undefined
  readonly chunked: boolean
  readonly delay_ms: number
  /** The connection breaks behind so many bytes of the body. */
  readonly breaks_after: number | undefined
  readonly once: boolean
  /** Which requests it is for; undefined: all. */
  readonly url: RegExp | undefined
  readonly method: string | undefined
  readonly field: { readonly key: string; readonly value: string | undefined } | undefined
}

export type Operator = '==' | '!=' | '~' | '!~' | '<' | '<=' | '>' | '>='

export interface ExpectStep {
  readonly kind: 'expect'
  readonly at: Place
  readonly subject: SubjectRow
  /** NAME of resp.http.NAME and the like, '' for others. */
  readonly part: string
  readonly part_at: Place
  readonly test: Expectation
}

export type Expectation =
  | { readonly kind: 'flag'; readonly wanted: boolean }
  | { readonly kind: 'present'; readonly wanted: boolean }
  | { readonly kind: 'action'; readonly action: string; readonly wanted: boolean }
  | {
      readonly kind: 'compare'
      /** Of the value. */
      readonly at: Place
      readonly op: Operator
      readonly texts: readonly string[]
      readonly number: number
      readonly matches: Matcher
    }

export interface Matcher {
  test(text: string): boolean
}

export type ParsedTests =
  | { readonly ok: true; readonly file: TestFile }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[]; readonly sources: SourceSet }
