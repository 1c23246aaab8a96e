import { describe, expect, test } from 'vitest'
import { formatDiagnostic } from '../../../src/vcl/diagnostic.ts'
import { parseTests } from '../../../src/ruletest/language/parse.ts'
import { play } from './kit.ts'

/** What is wrong with a file, each with its place, the line, a caret and what would be right. */
function complaints(text: string): string {
  const parsed = parseTests(text, 'x.test')
  return parsed.ok ? '' : parsed.diagnostics.map((one) => formatDiagnostic(one, parsed.sources)).join('\n')
}

const BAD: readonly (readonly [steps: string, says: string])[] = [
  ['Get /', "x.test:2:1 unknown step 'Get'\n    Get /\n    ^~~\n    hint: did you mean 'GET'?"],
  ['expct hit', "x.test:2:1 unknown step 'expct'\n    expct hit\n    ^~~~~\n    hint: did you mean 'expect'?"],
  ['GET', 'x.test:2:4 expected the URL, such as /'],
  ['GET / to 1.2.3.4', "x.test:2:7 did not expect 'to 1.2.3.4' here"],
  ['GET / times 0', 'x.test:2:13 expected a number from 1 to 1000'],
  ['begin a GET / times 2', "x.test:2:15 did not expect 'times 2' here"],
  ['GET / from 1.2.3', "x.test:2:12 '1.2.3' is not an IP address"],
  ['begin a get /', "x.test:2:9 'get' is not a method"],
  ['begin a GET /\nbegin a GET /', "x.test:3:7 'a' has begun and is not finished"],
  [
    'begin alice GET /\nfinish alise',
    "x.test:3:8 no request has begun that is called 'alise'\n    finish alise\n           ^~~~~\n    hint: did you mean 'alice'?",
  ],
  ['GET /\nexpect', 'x.test:3:7 expected what to look at, such as `hit` or `resp.status`'],
  ['GET /\nexpect hits', "x.test:3:8 there is nothing called 'hits'\n    expect hits\n           ^~~~\n    hint: did you mean 'hit'?"],
  ['GET /\nexpect hit or miss', "x.test:3:12 did not expect 'or miss' here"],
  ['GET /\nexpect resp.staus == 200', "hint: did you mean 'resp.status'?"],
  ['GET /\nexpect resp.http == 200', "x.test:3:8 there is nothing called 'resp.http'"],
  ['GET /\nexpect not resp.status == 200', "x.test:3:12 'not' stands in front of resp.status, which has a value"],
  ['GET /\nexpect resp.status', 'x.test:3:19 expected an operator, absent or present'],
  ['GET /\nexpect resp.status = 200', "x.test:3:20 expected an operator, absent or present, not '='"],
  ['GET /\nexpect resp.status ==', 'x.test:3:22 expected a value'],
  ['GET /\nexpect resp.status == two', "x.test:3:23 expected a number, not 'two'"],
  ['GET /\nexpect beresp.ttl > 5 minutes', "expected a duration such as 10s, 1.5m or 100ms, not '5 minutes'"],
  ['GET /\nexpect log < 3', 'x.test:3:12 < is not possible for log'],
  ['GET /\nexpect resp.body ~ "("', 'x.test:3:20 this pattern cannot be used: '],
  ['GET /\nexpect resp.body == "x', 'x.test:3:21 this quote is not closed on its line'],
  ['GET /\nexpect resp.body == "\\q"', 'x.test:3:22 unknown escape \\q'],
  ['GET /\nexpect resp.body == "a" "b"', 'x.test:3:25 did not expect \'"b"\' here'],
  ['GET /\nexpect stored == yes', "x.test:3:15 did not expect '== yes' here"],
  ['expect hit', 'x.test:2:1 nothing has been asked yet in this test'],
  ['X-A: b', 'x.test:2:1 a field line stands below no message'],
  ['wait 1s\nbody "x"', "x.test:3:1 'body' stands below no message"],
  ['GET /\n  delay 3s', "x.test:3:3 only an answer of an origin has 'delay'"],
  ['GET /\n  body big', "x.test:3:8 'big' is neither a text in quotes nor a size such as 100k"],
  ['GET /\n  body 17M', 'x.test:3:8 a body in a test has at most 16M'],
  ['origin', 'x.test:2:7 expected a status, such as 200, or how the origin fails'],
  ['origin api', 'x.test:2:11 expected what api answers'],
  [
    'origin api refusd',
    "x.test:2:12 expected a status of three digits or a failure, not 'refusd'\n    origin api refusd\n               ^~~~~~\n    hint: did you mean 'refused'?",
  ],
  ['origin 200 onse', "x.test:2:12 unknown 'onse'\n    origin 200 onse\n               ^~~~\n    hint: did you mean 'once'?"],
  ['origin 200 for', 'x.test:2:15 expected the URL it is for'],
  ['origin 200\n  breaks 5', "x.test:3:10 expected 'after' and a number of bytes"],
  ['wait', 'x.test:2:5 expected a duration, such as 10s'],
  ['wait soon', "x.test:2:6 'soon' is not a duration such as 10s, 1.5m or 100ms"],
  ['wait -3s', "'-3s' is not a duration"],
  ['sick', 'x.test:2:5 expected the name of a backend'],
  ['policy rfc911', "x.test:2:8 there is no policy 'rfc911'\n    policy rfc911\n           ^~~~~~\n    hint: did you mean 'rfc9111'?"],
  ['rules other.vcl', 'x.test:2:1 `rules` stands once, in front of the first test'],
  ['label a b.vcl', 'x.test:2:1 `label` stands in front of the first test'],
  ['replace "a" b', 'x.test:2:13 expected a text in quotes'],
  ['test x', 'x.test:2:1 there is a test of that name in line 1'],
  ['test', 'x.test:2:5 expected the name of the test'],
]

describe('a bad file is refused with place, caret and what would be right', () => {
  test.each(BAD)('%j', (steps, says) => {
    expect(complaints(`test x\n${steps}\n`)).toContain(says)
  })

  test('several complaints at once, twenty at most', () => {
    expect(complaints('test x\nGet /\nexpect hit\nwait\n').match(/^x\.test/gm)?.length).toBe(3)
    expect(complaints(`test x\n${'nonsense\n'.repeat(50)}`).match(/^x\.test/gm)?.length).toBe(20)
  })

  test('a file without a test', () => {
    expect(complaints('# nothing\n')).toContain('there is no test in this file')
    expect(complaints('')).toContain('hint: a test begins with a line `test NAME`')
  })

  test('line ends of other systems, tabs and text in UTF-8', () => {
    expect(complaints('test Gr\xc3\xbc\xc3\x9fe\r\n\tGET /\r\n\t\tX-A: b\r\n\texpect\thit\r\n')).toBe('')
  })
})

describe('what only the rules know', () => {
  test.each([
    ['param no_such=1', "x.test:2:7 unknown parameter 'no_such'"],
    ['param default_ttl=soon', "x.test:2:7 parameter default_ttl: 'soon' is not a duration"],
    ['param policy=varnish', 'x.test:2:7 the policy is given as `policy NAME`'],
    ['replace "no such text" "x"', "x.vcl does not say 'no such text'"],
    ['replace "Gone Away" "a\\"b"', 'the rules are not accepted:'],
  ])('%s', async (line, says) => {
    await expect(play(`test x\n${line}\nGET /\n`)).rejects.toThrow(says)
  })

  test('there is no rule file, or a bad one', async () => {
    await expect(play('rules none.vcl\ntest x\nGET /\n')).rejects.toThrow(/none\.vcl: the rules of .*x\.test: there is no such file/)
    await expect(play('test x\nGET /\n', 'vcl 4.1; backend a none; sub vcl_recv { set req.urll = "x"; }')).rejects.toThrow(
      "did you mean 'req.url'?",
    )
  })
})
