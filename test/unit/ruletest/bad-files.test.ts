import { describe, expect, test } from 'vitest'
import { messageOf } from '../../../src/base/errors.ts'
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
  ['GET /\nexpect fetches == -1', "x.test:3:19 expected a whole number from 0, not '-1'"],
  ['GET /\nexpect requests > 1.5', "x.test:3:19 expected a whole number from 0, not '1.5'"],
  ['GET /\nexpect resp.status == 2000', "x.test:3:23 expected a whole number, resp.status being at most 999, not '2000'"],
  [
    'GET /\nexpect resp.htp.X-Foo == a',
    "x.test:3:8 there is nothing called 'resp.htp.X-Foo'\n    expect resp.htp.X-Foo == a\n           ^~~~~~~~~~~~~~\n    hint: did you mean 'resp.http.X-Foo'?",
  ],
  [
    'GET /\nexpect beresp.headers.Age == 1',
    'hint: possible: beresp.status beresp.http.NAME beresp.ttl beresp.grace beresp.keep beresp.uncacheable',
  ],
  ['GET /\nexpect resp.http.X(a == 1', "x.test:3:18 'X(a' cannot be the name of a field"],
  ['GET /\nexpect calls == "recv hahs"', "x.test:3:17 no sub is called 'hahs'"],
  ['GET /\nexpect calls == "recv hahs"', "hint: did you mean 'hash'?"],
  ['ban req.ulr ~ x', 'x.test:2:5 this is no ban: '],
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

  test.each([
    ['sick apy', "x.test:2:6 the rules declare no backend 'apy'\n    sick apy\n         ^~~\n    hint: did you mean 'api'?"],
    [
      'origin nobody 200',
      "x.test:2:8 the rules declare no backend 'nobody'\n    origin nobody 200\n           ^~~~~~\n    hint: they have default, api",
    ],
    [
      'GET /\nexpect backend == apj',
      "x.test:3:19 the rules declare no backend 'apj'\n    expect backend == apj\n                      ^~~",
    ],
    ['GET /\nexpect backend != "apj"', "x.test:3:19 the rules declare no backend 'apj'"],
    [
      'GET /\nexpect requests.apj == 1',
      "x.test:3:17 the rules declare no backend 'apj'\n    expect requests.apj == 1\n                    ^~~",
    ],
  ])('%j names a backend that they do not have', async (steps, says) => {
    await expect(play(`test x\n${steps}\n`)).rejects.toThrow(says)
  })

  test('all of it at once, once, and before anything runs', async () => {
    const tests = 'policy rfc9111 varnish\nsick a1\ntest x\nparam default_tll=1s\nGET /\nexpect miss\ntest y\nreplace "none" "x"\nGET /\n'
    const said = await play(tests).then(() => '', messageOf)
    expect(said).toMatch(/x\.test:2:6 .*x\.test:4:7 unknown parameter 'default_tll': did you mean 'default_ttl'.*x\.test:8:1 /s)
    expect(said.match(/x\.test:\d+:\d/g)).toHaveLength(3)
  })

  test('backends that rules make while they run can be named', async () => {
    const rules =
      'vcl 4.1; import dynamic; backend default none; sub vcl_init { new d = dynamic.director(); } sub vcl_recv { return (synth(200)); }'
    const { outcomes } = await play('test x\nGET /\nexpect backend != anything\n', rules)
    expect(outcomes.map(({ failures }) => failures)).toEqual([[]])
  })

  test('files that a line names and that are not there are told with their line', async () => {
    await expect(play('label a none.vcl\ntest x\nGET /\n')).rejects.toThrow(
      /x\.test:1:9 .*none\.vcl: there is no such file\n    label a none\.vcl\n            \^~~~/,
    )
  })

  test('there is no rule file, or a bad one', async () => {
    await expect(play('rules none.vcl\ntest x\nGET /\n')).rejects.toThrow(
      /x\.test:1:7 .*none\.vcl: there is no such file\n    rules none\.vcl\n          \^~~~/,
    )
    await expect(play('test x\nGET /\n', 'vcl 4.1; backend a none; sub vcl_recv { set req.urll = "x"; }')).rejects.toThrow(
      "did you mean 'req.url'?",
    )
  })
})
