import { expect, test } from 'vitest'
import { reportJson } from '../../../src/ruletest/report.ts'
import { play, printed } from './kit.ts'

const RULES = `vcl 4.1;
import std;
backend default none;
sub vcl_recv {
    if (req.method == "POST" || req.url ~ "^/admin") {
        return (pass);
    } elsif (req.url == "/hello") {
        set req.http.X-Greeting = "hello " +
            req.http.Name;
        set req.grace = 10s;
        unset req.http.Name;
        call greet;
    }
}
sub greet {
    std.log("greeting");
    if (!req.http.Name) {
        return (synth(200, "Hi"));
    }
}
sub vcl_synth {
    synthetic("Hello");
    return (deliver);
}
`

const TESTS = `test Greeting
  GET /hello
    Name: you
  expect synth
  expect resp.status == 201
  expect resp.body == "Bye"
`

test('what failed: place, caret, and what the rules did', async () => {
  const text = await printed(TESTS, RULES)
  expect(text).toBe(`x.test (x.vcl)
  FAIL Greeting (rfc9111)
    x.test:5:3 expected resp.status == 201, got 200
        expect resp.status == 201
        ^~~~~~~~~~~~~~~~~~~~~~~~~
    x.test:6:3 expected resp.body == "Bye", got "Hello"
        expect resp.body == "Bye"
        ^~~~~~~~~~~~~~~~~~~~~~~~~
    what the rules did for GET /hello (x.test:2):
      vcl_recv
        x.vcl:5                 if (req.method == "POST" || req.url ~ "^/admin") {        is false
        x.vcl:7                 elsif (req.url == "/hello") {                             is true
        x.vcl:8                 set req.http.X-Greeting = "hello " +                      = "hello you"
        x.vcl:10                set req.grace = 10s;                                      = 10
        x.vcl:11                unset req.http.Name;
        x.vcl:12                call greet;
      greet
        x.vcl:16                std.log("greeting");
        x.vcl:17                if (!req.http.Name) {                                     is true
        x.vcl:18                return (synth(200, "Hi"));
      vcl_builtin_hash
        builtin.rfc9111.vcl:53  hash_data(req.url);                                       = "/hello"
        builtin.rfc9111.vcl:54  if (req.http.host) {                                      is true
        builtin.rfc9111.vcl:55  hash_data(req.http.host);                                 = "example.com"
      vcl_hash
        builtin.rfc9111.vcl:49  return (lookup);
      vcl_synth
        x.vcl:22                synthetic("Hello");                                       = "Hello"
        x.vcl:23                return (deliver);
      std.log: greeting
`)
})

test('what passes is a line, and with -v a trace of each request', async () => {
  const tests = 'test Fine\nGET /hello\n'
  expect(await printed(tests, RULES)).toBe('x.test (x.vcl)\n  ok   Fine (rfc9111)\n')
  expect(await printed(tests, RULES, { all: true })).toContain('what the rules did for GET /hello (x.test:2):\n      vcl_recv\n')
})

test('nothing that a request or rules hold drives a terminal', async () => {
  const text = await printed('test \x1b[2J\nGET /hello\n  Name: a\x9b31mb\nexpect miss\n', RULES)
  // oxlint-disable-next-line no-control-regex
  expect(text).not.toMatch(/[\x1b\x9b]/)
  expect(text).toContain('a?31mb')
})

test('as JSON: one object a line', async () => {
  const lines = reportJson(await play(TESTS, RULES))
    .trimEnd()
    .split('\n')
  expect(lines.length).toBe(1)
  expect(JSON.parse(lines[0])).toMatchObject({
    test: 'Greeting',
    policy: 'rfc9111',
    line: 1,
    ok: false,
    failures: [
      { line: 5, column: 3, expected: 'resp.status == 201', got: '200' },
      { line: 6, column: 3, message: 'expected resp.body == "Bye", got "Hello"' },
    ],
    traces: [{ line: 2, request: 'GET /hello', log: ['greeting'], errors: [] }],
  })
})
