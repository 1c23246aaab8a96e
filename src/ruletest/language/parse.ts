import { messageOf } from '../../base/errors.ts'
import { parseBan, wordsOf } from '../../cache/bans/expression.ts'
import type { Diagnostic } from '../../vcl/diagnostic.ts'
import { SourceSet } from '../../vcl/diagnostic.ts'
import type { Place } from '../../vcl/ast.ts'
import type { LabelLine, Named, ParsedTests, PolicyName, Replace, Step, TestCase } from './ast.ts'
import { Cursor, LineError } from './cursor.ts'
import { parseExpect } from './expect.ts'
import { isMethod, parseAttached, parseOrigin, parseRequest, readDuration, type Open } from './messages.ts'
import { ATTACHED, HEADINGS, STEP_WORDS } from './words.ts'

const COMPLAINTS_MAX = 20
const POLICIES: readonly string[] = ['rfc9111', 'varnish']
const PURGED_HOST = 'example.com'

/** Reads a test file; `text` is latin1. Never throws for what it holds. */
export function parseTests(text: string, path: string): ParsedTests {
  const sources = new SourceSet()
  const reader = new Reader(sources, sources.add(path, text))
  reader.read(text)
  const { diagnostics } = reader
  if (diagnostics.length > 0) return { ok: false, diagnostics, sources }
  const { rules, policies, params, labels, replaces, setup, tests } = reader
  return { ok: true, file: { path, sources, rules, policies: policies ?? ['rfc9111'], params, labels, replaces, setup, tests } }
}

/** What is being collected: the file's head, or a test. */
interface Scope {
  policies: PolicyName[] | undefined
  readonly params: Named[]
  readonly replaces: Replace[]
  readonly steps: Step[]
}

class Reader {
  readonly diagnostics: Diagnostic[] = []
  rules: Named | undefined
  readonly labels: LabelLine[] = []
  readonly tests: TestCase[] = []
  private readonly head: Scope = { policies: undefined, params: [], replaces: [], steps: [] }
  private readonly sources: SourceSet
  private readonly source: number
  private scope = this.head
  private inTest = false
  private open: Open | undefined
  private readonly begun = new Set<string>()

  constructor(sources: SourceSet, source: number) {
    this.sources = sources
    this.source = source
  }

  get policies(): readonly PolicyName[] | undefined {
    return this.head.policies
  }
  get params(): readonly Named[] {
    return this.head.params
  }
  get replaces(): readonly Replace[] {
    return this.head.replaces
  }
  get setup(): readonly Step[] {
    return this.head.steps
  }

  read(text: string): void {
    const { line_starts } = this.sources.sources[this.source]
    for (const [i, start] of line_starts.entries()) {
      const end = (line_starts[i + 1] ?? text.length + 1) - 1
      this.readLine(new Cursor(this.sources, this.source, start, text[end - 1] === '\r' ? Math.max(end - 1, start) : end))
      if (this.diagnostics.length >= COMPLAINTS_MAX) return
    }
    if (this.tests.length > 0 || this.diagnostics.length > 0) return
    const at = this.sources.place(this.source, text.length, text.length)
    this.diagnostics.push({ at, message: 'there is no test in this file', hint: 'a test begins with a line `test NAME`' })
  }

  private readLine(line: Cursor): void {
    if (line.done || line.peek().startsWith('#')) return
    try {
      if (!parseAttached(line, this.open)) this.readStatement(line)
    } catch (error) {
      if (!(error instanceof LineError)) throw error
      this.diagnostics.push(error.diagnostic)
    }
  }

  private readStatement(line: Cursor): void {
    this.open = undefined
    const { whole } = line
    if (isMethod(line.peek())) return this.request(parseRequest(line, whole, undefined))
    const word = line.word('a step')
    if (!this.heading(line, word)) this.step(line, word, whole)
  }

  private heading(line: Cursor, word: Named): boolean {
    switch (word.text) {
      case 'test':
        this.beginTest(line, word.at)
        return true
      case 'rules':
        if (this.inTest || this.rules !== undefined) line.fail('`rules` stands once, in front of the first test', undefined, word.at)
        this.rules = line.rest('the path of the rule file')
        return true
      case 'label':
        this.label(line, word.at)
        return true
      case 'policy':
        this.scope.policies = this.readPolicies(line)
        return true
      case 'param':
        this.scope.params.push(line.rest('NAME=VALUE'))
        return true
      case 'replace': {
        const [from, to] = [line.quoted(true), line.quoted(true)]
        line.finish()
        this.scope.replaces.push({ at: word.at, from, to })
        return true
      }
      default:
        return false
    }
  }

  private label(line: Cursor, at: Place): void {
    if (this.inTest) line.fail('`label` stands in front of the first test', undefined, at)
    const name = line.word('the name of the label')
    if (this.labels.some((other) => other.name === name.text)) line.fail(`there is a label '${name.text}' already`, undefined, name.at)
    this.labels.push({ at, name: name.text, path: line.rest('the path of a rule file') })
  }

  private beginTest(line: Cursor, at: Place): void {
    const name = line.atQuote ? line.quoted() : line.rest('the name of the test').text
    line.finish()
    const twin = this.tests.find((other) => other.name === name)
    if (twin !== undefined) line.fail(`there is a test of that name in line ${twin.at.line}`, undefined, at)
    this.scope = { policies: undefined, params: [], replaces: [], steps: [] }
    this.inTest = true
    this.begun.clear()
    const scope = this.scope
    this.tests.push({
      at,
      name,
      get policies() {
        return scope.policies
      },
      params: scope.params,
      replaces: scope.replaces,
      steps: scope.steps,
    })
  }

  private get hasAsked(): boolean {
    return [...this.head.steps, ...this.scope.steps].some((step) => step.kind === 'request')
  }

  private readPolicies(line: Cursor): PolicyName[] {
    const names: PolicyName[] = []
    do {
      const word = line.word('rfc9111, varnish or both')
      if (!POLICIES.includes(word.text)) line.unknown('there is no policy', word, POLICIES)
      names.push(word.text as PolicyName)
    } while (!line.done)
    return [...new Set(names)]
  }

  private request([step, open]: [Step, Open]): void {
    this.open = open
    this.scope.steps.push(step)
  }

  /** `at`: the whole line. */
  private step(line: Cursor, word: Named, at: Place): void {
    const { steps } = this.scope
    switch (word.text) {
      case 'begin': {
        const name = line.word('a name for the request')
        if (this.begun.has(name.text)) line.fail(`'${name.text}' has begun and is not finished`, undefined, name.at)
        this.begun.add(name.text)
        return this.request(parseRequest(line, at, name.text))
      }
      case 'finish':
        steps.push({ kind: 'finish', at, client: this.readBegun(line) })
        return line.finish()
      case 'origin': {
        const [step, open] = parseOrigin(line, at)
        this.open = open
        steps.push(step)
        return
      }
      case 'wait':
        steps.push({ kind: 'wait', at, seconds: readDuration(line) })
        return line.finish()
      case 'expect':
        if (!this.hasAsked) line.fail('nothing has been asked yet in this test', 'a request, such as `GET /`, comes first', word.at)
        steps.push(parseExpect(line, at))
        return
      default:
        return this.operator(line, word, at)
    }
  }

  private readBegun(line: Cursor): string {
    const name = line.word('the name that `begin` gave')
    if (!this.begun.delete(name.text)) line.unknown('no request has begun that is called', name, [...this.begun])
    return name.text
  }

  private readBan(line: Cursor): string {
    const { at, text } = line.rest('the expression of the ban')
    try {
      parseBan(wordsOf(text))
      return text
    } catch (error) {
      return line.fail(`this is no ban: ${messageOf(error)}`, undefined, at)
    }
  }

  /** What an operator does meanwhile. */
  private operator(line: Cursor, word: Named, at: Place): void {
    const { steps } = this.scope
    switch (word.text) {
      case 'sick':
      case 'healthy':
        steps.push({ kind: 'health', at, backend: line.word('the name of a backend'), healthy: word.text === 'healthy' })
        return line.finish()
      case 'ban':
        steps.push({ kind: 'ban', at, expression: this.readBan(line) })
        return
      case 'purge': {
        const soft = line.take('soft')
        const url = line.word('the URL to purge').text
        const host = line.take('host') ? line.word('a host').text : PURGED_HOST
        steps.push({ kind: 'purge', at, url, host, soft })
        return line.finish()
      }
      case 'purge-tags': {
        const soft = line.take('soft')
        const tags = line.rest('tags').text.split(/[ \t]+/)
        steps.push({ kind: 'purge-tags', at, tags, soft })
        return
      }
      default:
        line.unknown(
          'unknown step',
          word,
          [...STEP_WORDS, ...HEADINGS, ...ATTACHED].map((row) => row.word),
        )
    }
  }
}
