import { describe, expect, test } from 'vitest'
import { compile, FakeContext, load, run } from '../kit/fake-context.ts'

/** Return actions by sub, as the language reference lists them for the newest Varnish. */
const LEGAL: Record<string, string> = {
  recv: 'fail synth restart pass pipe hash purge',
  pipe: 'fail synth pipe',
  pass: 'fail synth restart fetch',
  hash: 'fail lookup',
  purge: 'fail synth restart',
  miss: 'fail synth restart pass fetch',
  hit: 'fail synth restart pass deliver',
  deliver: 'fail synth restart deliver',
  synth: 'fail restart deliver',
  backend_fetch: 'fail fetch abandon error',
  backend_response: 'fail deliver retry abandon pass error',
  backend_error: 'fail deliver retry abandon',
  init: 'ok fail',
  fini: 'ok',
}
const ACTIONS = 'abandon deliver error fail fetch hash lookup ok pass pipe purge restart retry synth'.split(' ')
const SUBS = Object.keys(LEGAL)

function written(action: string): string {
  return action === 'synth' ? 'return (synth(404));' : `return (${action});`
}

describe('sub × return action', () => {
  test.each(SUBS)('vcl_%s', (sub) => {
    const accepted = ACTIONS.filter((action) => {
      const compiled = compile(`sub vcl_${sub} { ${written(action)} }`)
      return compiled.ok && !compiled.warnings.some((warning) => warning.code === 'obsolete')
    })
    expect(accepted).toEqual(ACTIONS.filter((action) => LEGAL[sub].split(' ').includes(action)))
  })

  test.each(SUBS)('vcl_%s, through a sub of the operator', (sub) => {
    const accepted = ACTIONS.filter((action) => compile(`sub own { ${written(action)} } sub vcl_${sub} { call own; }`).ok)
    expect(accepted).toEqual(ACTIONS.filter((action) => LEGAL[sub].split(' ').includes(action)))
  })

  test('an unknown action names the possible ones', () => {
    const compiled = compile('sub vcl_hash { return (foo); }')
    expect(compiled.ok ? [] : compiled.diagnostics).toMatchObject([
      { message: "unknown action 'foo'", hint: 'possible here: fail, lookup' },
    ])
  })
})

describe('old forms of a forced miss in vcl_hit', () => {
  test.each(['fetch', 'miss'])('return (%s) goes to vcl_miss, with a warning', (action) => {
    const compiled = compile(`sub vcl_hit { return (${action}); }`)
    if (!compiled.ok) throw new Error(compiled.text)
    expect(compiled.warnings).toMatchObject([{ severity: 'warning', hint: 'it goes to vcl_miss' }])
    expect(run(load(`sub vcl_hit { return (${action}); }`), 'hit', new FakeContext())).toBe('miss')
  })

  test('elsewhere miss is not possible', () => {
    expect(compile('sub vcl_recv { return (miss); }').text).toContain("unknown action 'miss'")
    expect(compile('sub own { return (miss); } sub vcl_recv { call own; }').text).toContain('return (miss) is not possible in vcl_recv')
  })
})

describe('arguments', () => {
  test.each([
    ['recv', 'return (synth);', 'synth needs a status'],
    ['recv', 'return (synth());', 'synth takes INT and STRING'],
    ['recv', 'return (synth(404, "a", "b"));', 'synth takes INT and STRING'],
    ['recv', 'return (synth("404"));', 'expected INT, found STRING'],
    ['recv', 'return (hash());', 'return (hash) takes no arguments'],
    ['backend_fetch', 'return (error());', 'error takes INT and STRING'],
    ['backend_response', 'return (pass(10));', 'expected DURATION, found INT'],
    ['recv', 'return;', 'vcl_recv needs an action'],
  ])('vcl_%s { %s } is refused: %s', (sub, statement, message) => {
    expect(compile(`sub vcl_${sub} { ${statement} }`).text).toContain(message)
  })

  test.each([
    ['recv', 'return (synth(404));', 'synth', { action_status: 404, action_reason: undefined }],
    ['recv', 'return (synth(10404, "a" + req.url));', 'synth', { action_status: 10404, action_reason: 'a/' }],
    ['backend_fetch', 'return (error(502, "b"));', 'error', { action_status: 502, action_reason: 'b' }],
    ['backend_fetch', 'return (error);', 'error', { action_status: 503, action_reason: undefined }],
    ['backend_response', 'return (pass(10s));', 'pass', { action_ttl: 10 }],
    ['backend_response', 'return (pass);', 'pass', { action_ttl: -1 }],
    ['recv', 'return (fail("no"));', 'fail', { action_reason: 'no', errors: ['no'] }],
  ] as const)('vcl_%s { %s }', (sub, statement, action, state) => {
    const c = new FakeContext()
    expect(run(load(`sub vcl_${sub} { ${statement} }`), sub, c)).toBe(action)
    expect(c).toMatchObject(state)
  })

  test('a reason cannot hold a line break', () => {
    const c = new FakeContext()
    expect(run(load('sub vcl_recv { return (synth(200, {"a\nb"})); }'), 'recv', c)).toBe('fail')
    expect(c.errors).toEqual(['reason: control characters are not possible (vcl_recv, test.vcl:2:16)'])
  })
})
