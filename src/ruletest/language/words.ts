/** The lines of a test file: one table that the parser and docs/reference/rule-tests.md read. */
export interface WordRow {
  readonly word: string
  readonly synopsis: string
  readonly about: string
}

/** In front of the first test. */
export const HEADINGS: readonly WordRow[] = [
  {
    word: 'rules',
    synopsis: 'rules PATH',
    about: 'The rule file, relative to the test file. Without it: the one of the same name, shop.vcl for shop.test',
  },
  {
    word: 'policy',
    synopsis: 'policy NAME...',
    about: 'Under which policies the tests run: rfc9111, varnish or both. Default rfc9111. Below a `test`: for that one',
  },
  { word: 'param', synopsis: 'param NAME=VALUE', about: 'A parameter, as with `serve -p`. Below a `test`: for that one' },
  {
    word: 'label',
    synopsis: 'label NAME PATH',
    about: 'The rules that `return (vcl(NAME))` leads to: a rule file, relative to the test file',
  },
  {
    word: 'replace',
    synopsis: 'replace "TEXT" "TEXT"',
    about: 'Try the rules with another text in that place, as somebody who adapts them would change them',
  },
  {
    word: 'test',
    synopsis: 'test NAME',
    about: 'A test begins: everything up to the next one. What stands in front of the first is done in each',
  },
]

export const STEP_WORDS: readonly WordRow[] = [
  {
    word: 'GET',
    synopsis: 'METHOD URL [HTTP/1.0] [from IP] [times NUMBER]',
    about:
      'A request, with its field lines and its body below it; any word in capitals is a method. It is from 203.0.113.9 and, without a Host line, for example.com. The test goes on when it is answered; with `times`, when it has been sent and answered so often',
  },
  { word: 'begin', synopsis: 'begin NAME METHOD URL ...', about: 'The same, but the test does not wait for the answer' },
  { word: 'finish', synopsis: 'finish NAME', about: 'Wait for that answer; what is expected next is about it' },
  {
    word: 'origin',
    synopsis: 'origin [BACKEND] STATUS ["REASON"] [for URL] [method METHOD] [if FIELD[=VALUE]] [once]',
    about:
      'What the origin answers from now on, with field lines and body below it. `for` takes * for any text. Answers for `once` come first, in their order; then the newest that fits. Without any: 200',
  },
  {
    word: 'origin',
    synopsis: 'origin [BACKEND] refused|unreachable|timeout|closed|malformed ...',
    about:
      'It fails: no connection, no answer to the connection or the request in time, an end without an answer, or an answer that is not HTTP',
  },
  { word: 'wait', synopsis: 'wait DURATION', about: 'Time passes. Besides this only the delays of origins make it pass' },
  { word: 'sick', synopsis: 'sick BACKEND', about: 'Its health, as probes or an operator would set it' },
  { word: 'healthy', synopsis: 'healthy BACKEND', about: 'The same' },
  { word: 'purge', synopsis: 'purge [soft] URL [host HOST]', about: 'An operator purges a URL, with all its variants' },
  { word: 'purge-tags', synopsis: 'purge-tags [soft] TAG...', about: 'An operator purges by tag' },
  { word: 'ban', synopsis: 'ban EXPRESSION', about: 'An operator adds a ban' },
  {
    word: 'expect',
    synopsis: 'expect [not] WHAT [OPERATOR VALUE | absent | present]',
    about:
      'What is to be true of the last request. Operators == != ~ !~ < <= > >=; a value is the rest of the line, or in quotes; ~ takes a pattern as in VCL',
  },
]

/** Below a request or an origin's answer, besides field lines. */
export const ATTACHED: readonly WordRow[] = [
  {
    word: 'body',
    synopsis: 'body "TEXT" | body SIZE',
    about: 'The body, or so many bytes of one. Without it an answer has its number: the first that any origin gives in a test is "1"',
  },
  { word: 'chunked', synopsis: 'chunked', about: 'The answer says no length' },
  { word: 'delay', synopsis: 'delay DURATION', about: 'The answer comes so much later' },
  { word: 'breaks', synopsis: 'breaks after SIZE', about: 'The connection breaks behind so much of the body' },
]
