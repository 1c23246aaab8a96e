import { describe, expect, test } from 'vitest'
import { VMODS } from '../../src/vcl/vmods/vmods.ts'
import { compile, FakeContext, fakeHost, load, run } from '../kit/fake-context.ts'

/** req.http.r after these statements in vcl_recv, or FAIL. */
function value(imports: string, statements: string, expression: string, lines: readonly string[] = []): string | undefined {
  const c = new FakeContext()
  for (const line of lines) c.req.fields.append(...(line.split(': ') as [string, string]))
  const text = `${imports} sub vcl_recv { ${statements} set req.http.r = "<" + ${expression} + ">"; return (hash); }`
  return run(load(text), 'recv', c) === 'fail' ? `FAIL ${c.errors[0]}` : c.req.fields.get('r')
}

describe('the tables', () => {
  const everything = Object.values(VMODS).flatMap((vmod) => [
    ...Object.entries(vmod.functions).map(([name, fn]) => ({ name: `${vmod.name}.${name}`, fn, own: 1 })),
    ...Object.entries(vmod.objects ?? {}).flatMap(([type, object]) =>
      Object.entries(object.methods).map(([name, fn]) => ({ name: `${vmod.name}.${type}.${name}`, fn, own: 2 })),
    ),
  ])

  test.each(everything)('$name: every argument has its own name, impl takes no more, and there is prose', ({ fn, own }) => {
    const names = fn.args.map((one) => one.name)
    expect(new Set(names).size).toBe(names.length)
    expect(fn.doc.length).toBeGreaterThan(10)
    if (fn.bind === undefined) expect(fn.impl.length).toBeLessThanOrEqual(fn.args.length + own)
  })

  test('are listed under their names', () => {
    for (const [name, vmod] of Object.entries(VMODS)) expect(vmod.name).toBe(name)
  })
})

describe('str', () => {
  test.each([
    ['str.count("héé")', '5'],
    ['str.count("")', '0'],
    ['str.count(req.http.none)', '-1'],
    ['str.startswith("abc", "ab")', 'true'],
    ['str.startswith("abc", "")', 'true'],
    ['str.startswith("a", "ab")', 'false'],
    ['str.startswith(req.http.none, "")', 'false'],
    ['str.endswith("abc", "bc")', 'true'],
    ['str.endswith("c", "bc")', 'false'],
    ['str.contains("abc", "b")', 'true'],
    ['str.contains("abc", req.http.none)', 'false'],
    ['str.take("foobar", 3)', 'foo'],
    ['str.take("foobar", 3, 2)', 'oba'],
    ['str.take("foobar", -3)', 'bar'],
    ['str.take("foobar", 2, -3)', 'ba'],
    ['str.take("foobar", -2, -1)', 'ba'],
    ['str.take("foobar", 50, -3)', 'bar'],
    ['str.take("foobar", 50, -50)', 'foobar'],
    ['str.take("foobar", -50, 3)', 'foo'],
    ['str.take("foobar", 0)', ''],
    ['str.take("foobar", 3, 10)', ''],
    ['str.take("foobar", -3, 10)', ''],
    ['str.take("foobar", 3, -10)', ''],
    ['str.take(req.http.none, 3)', ''],
    ['str.reverse("foobar")', 'raboof'],
    ['str.split("foo bar baz", 1)', 'foo'],
    ['str.split("  foo bar	baz ", 2)', 'bar'],
    ['str.split("foo bar baz", -1)', 'baz'],
    ['str.split("foo bar baz", -3)', 'foo'],
    ['str.split("foo bar baz", 4)', ''],
    ['str.split("foo bar baz", -4)', ''],
    ['str.split("foo bar baz", 0)', ''],
    ['str.split("a;b,c", 2, ";,")', 'b'],
    ['str.split("abc", 1, "")', ''],
    ['str.token_intersect("a, b, c", "x y,b")', 'true'],
    ['str.token_intersect("a,b", "ab")', 'false'],
    ['str.token_intersect("a;b", "b;c", ";")', 'true'],
    ['str.token_intersect("a;b", "b;c", "")', 'false'],
    ['str.token_intersect(" ,", ",")', 'false'],
  ])('%s is %s', (expression, text) => {
    expect(value('import str;', '', expression)).toBe(`<${text}>`)
  })
})

describe('var', () => {
  test.each([
    ['var.set("a", "x");', 'var.get("a")', 'x'],
    ['var.set_string("a", "x");', 'var.get_string("a")', 'x'],
    ['', 'var.get("a")', ''],
    ['var.set_int("a", 7);', '"" + (var.get_int("a") + 1)', '8'],
    ['var.set_int("a", 7);', 'var.get("a")', ''],
    ['var.set("a", "7");', '"" + var.get_int("a")', '0'],
    ['var.set_real("a", 1.5);', '"" + var.get_real("a")', '1.500'],
    ['var.set_duration("a", 1m);', '"" + var.get_duration("a")', '60.000'],
    ['var.set_ip("a", client.ip);', 'var.get_ip("a")', '192.0.2.1'],
    ['', 'var.get_ip("a")', '0.0.0.0'],
    ['var.set_backend("a", default);', 'var.get_backend("a")', 'default'],
    ['', 'var.get_backend("a")', ''],
    ['var.set("a", "x"); var.set("a", req.http.none);', 'var.get("a")', ''],
    ['var.set("a", "x"); var.clear();', 'var.get("a")', ''],
    ['var.set("__proto__", "x");', 'var.get("__proto__") + var.get("constructor")', 'x'],
  ])('%s %s is %s', (statements, expression, text) => {
    expect(value('import var;', statements, expression)).toBe(`<${text}>`)
  })

  test('belong to the task: rollback forgets them, another request does not see them', () => {
    const vcl = load('import var; import std; sub vcl_recv { set req.http.r = var.get("a"); var.set("a", "x"); return (hash); }')
    const [one, two] = [new FakeContext(), new FakeContext()]
    run(vcl, 'recv', one)
    run(vcl, 'recv', one)
    run(vcl, 'recv', two)
    expect([one.req.fields.get('r'), two.req.fields.get('r')]).toEqual(['x', ''])
  })
})

const host = fakeHost()

describe('what all requests share', () => {
  const vcl = load(`import var; import vsthrottle; sub vcl_recv {
    set req.http.r = var.global_get("a"); var.global_set("a", req.http.set);
    if (vsthrottle.is_denied(req.http.who, 2, 10s, 1m)) { return (synth(429)); }
    set req.http.left = vsthrottle.remaining(req.http.who, 2, 10s, 1m) + " " + vsthrottle.blocked(req.http.who, 2, 10s, 1m);
    return (hash); }`)

  function ask(who: string | undefined, set?: string): string {
    const c = new FakeContext()
    if (who !== undefined) c.req.fields.append('Who', who)
    if (set !== undefined) c.req.fields.append('Set', set)
    const action = run(vcl, 'recv', c)
    return `${action} ${c.req.fields.get('left') ?? ''} ${c.req.fields.get('r') ?? ''}`
  }

  test('global variables and throttles', () => {
    expect(ask('x', '1')).toBe('hash 1 0.000 ')
    expect(ask('x', '2')).toBe('hash 0 0.000 1')
    expect(ask('x', '2')).toBe('synth  2')
    expect(ask('y')).toBe('hash 1 0.000 2')
    expect(ask('y')).toBe('hash 0 0.000 ')
    expect(ask(undefined)).toBe('synth  ')
  })

  test('a variable too large fails the request', () => {
    expect(ask('z', 'x'.repeat(60_000))).toContain('hash')
    for (const name of ['a', 'b', 'c', 'd', 'e']) {
      const c = new FakeContext()
      c.req.fields.append('Set', name.repeat(60_000))
      const big = load(`import var; sub vcl_recv { var.global_set("${name}", req.http.set); return (hash); }`, host)
      expect(run(big, 'recv', c)).toBe(name === 'e' ? 'fail' : 'hash')
    }
  })
})

describe('header', () => {
  const lines = ['A: 1', 'B: x', 'a: 2', 'A: 13']

  function after(statements: string, given: readonly string[] = lines): string {
    const c = new FakeContext()
    for (const line of given) c.req.fields.append(...(line.split(': ') as [string, string]))
    const vcl = load(`import header; sub vcl_recv { ${statements} return (hash); }`)
    if (run(vcl, 'recv', c) === 'fail') return `FAIL ${c.errors[0]}`
    return Array.from({ length: c.req.fields.count }, (_, i) => `${c.req.fields.names[i]}: ${c.req.fields.values[i]}`).join(' | ')
  }

  test.each([
    ['header.append(req.http.A, "4" + "5");', 'A: 1 | B: x | a: 2 | A: 13 | A: 45'],
    ['header.append(req.http.New, req.http.none);', 'A: 1 | B: x | a: 2 | A: 13 | New: '],
    ['header.copy(req.http.a, req.http.C);', 'A: 1 | B: x | a: 2 | A: 13 | C: 1 | C: 2 | C: 13'],
    ['header.copy(req.http.a, req.http.a);', 'A: 1 | B: x | a: 2 | A: 13 | a: 1 | a: 2 | a: 13'],
    ['header.remove(req.http.a, "1");', 'B: x | a: 2'],
    ['header.remove(req.http.a, "^(?!1$)");', 'A: 1 | B: x'],
    ['header.regsub(req, "^(?i)a: (.)", "Z: <\\1>");', 'Z: <1> | B: x | Z: <2> | Z: <1>3'],
    ['header.regsub(req, "1", "9");', 'A: 9 | B: x | a: 2 | A: 93'],
    ['header.regsub(req, "[13]", "9", true);', 'A: 9 | B: x | a: 2 | A: 99'],
  ])('%s', (statements, expected) => {
    expect(after(statements)).toBe(expected)
  })

  test.each([
    ['header.regsub(req, "^A: ", "");', "FAIL header.regsub(): '1' is no field line"],
    ['header.regsub(req, "^A:", "Content-Length:");', 'FAIL header.regsub(): Content-Length cannot be set'],
    ['header.append(req.http.A, {"a\nb"});', 'FAIL A: control characters are not possible'],
  ])('%s fails the request', (statements, message) => {
    expect(after(statements)).toContain(message)
  })

  test('what frames the message is left alone', () => {
    expect(after('header.regsub(req, "7", "9", true);', ['Content-Length: 7', 'A: 7'])).toBe('Content-Length: 7 | A: 9')
  })

  test.each([
    ['header.get(req.http.a, "3")', '13'],
    ['header.get(req.http.a, "^x")', ''],
  ])('%s', (expression, text) => {
    expect(value('import header;', '', expression, lines)).toBe(`<${text}>`)
  })

  test('a header that cannot be set can be read', () => {
    const compiled = compile('import header; sub vcl_hit { header.append(obj.http.A, "x"); }')
    expect(compiled.text).toContain('obj.http.A cannot be set in vcl_hit')
    expect(compile('import header; sub vcl_hit { if (header.get(obj.http.A, "x")) { return (pass); } }').ok).toBe(true)
  })
})

describe('digest', () => {
  test.each([
    ['digest.hash_md5("abc")', '900150983cd24fb0d6963f7d28e17f72'],
    ['digest.hash_sha1("abc")', 'a9993e364706816aba3e25717850c26c9cd0d89d'],
    ['digest.hash_sha224("")', 'd14a028c2a3a2bc9476102bb288234c415a2b01f828ea62ac5b3e42f'],
    ['digest.hash_sha256("abc")', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
    ['digest.hash_ripemd160("abc")', '8eb208f7e05d987a9b044a8e98c6b087f15a0bfc'],
    ['digest.hmac_md5("key", "The quick brown fox jumps over the lazy dog")', '0x80070713463e7749b90c2dc24911e275'],
    ['digest.hmac_sha1("key", "The quick brown fox jumps over the lazy dog")', '0xde7c9b85b8b78aa6bc8a7a36f70a90701c9db4d9'],
    [
      'digest.hmac_sha256("key", "The quick brown fox jumps over the lazy dog")',
      '0xf7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8',
    ],
    ['digest.base64("foob")', 'Zm9vYg=='],
    ['digest.base64url(blob.transcode(HEX, encoded="ffef"))', '_-8='],
    ['digest.base64url_nopad("foob")', 'Zm9vYg'],
    ['digest.base64_hex("0x666f6f")', 'Zm9v'],
    ['digest.base64url_nopad_hex("ffef")', '_-8'],
    ['digest.base64_decode("Zm9vYg==")', 'foob'],
    ['digest.base64url_decode("Zm9vYg")', 'foob'],
    ['digest.base64_decode("Zm9v!YmFy")', 'foo'],
    ['digest.base64(req.http.none)', ''],
    ['digest.secure_is_equal("a", "a")', 'true'],
    ['digest.secure_is_equal("a", "ab")', 'false'],
    ['digest.secure_is_equal(req.http.none, req.http.none)', 'false'],
  ])('%s is %s', (expression, text) => {
    expect(value('import digest; import blob;', '', expression)).toBe(`<${text}>`)
  })

  test('what Node.js has not is refused with the reason', () => {
    const compiled = compile('import digest; sub vcl_recv { set req.http.a = digest.hash_tiger("a"); }')
    expect(compiled.text).toContain('the algorithm is not in Node.js')
  })
})

describe('accept', () => {
  const rules =
    'import accept; sub vcl_init { new r = accept.rule("text/plain"); r.add("text/html"); r.add("application/json"); r.add("text/html"); r.add("x"); r.remove("x"); }'

  test.each([
    ['text/html', 'text/html'],
    ['application/json;q=0.1, text/html ; q=1', 'text/html'],
    ['application/json', 'application/json'],
    ['*/*', 'text/plain'],
    ['x', 'text/plain'],
    ['', 'text/plain'],
    ['text/htmlx, , application/json;v=1', 'application/json'],
  ])('%s: %s', (header, text) => {
    expect(value(rules, '', 'r.filter(req.http.Accept)', [`Accept: ${header}`])).toBe(`<${text}>`)
  })

  test('without the header: the fallback', () => {
    expect(value(rules, '', 'r.filter(req.http.none)')).toBe('<text/plain>')
  })
})

describe('proxy', () => {
  const tlv = (kind: number, value: Buffer | string): Buffer => {
    const bytes = Buffer.from(value as string, 'latin1')
    return Buffer.concat([Buffer.from([kind, bytes.length >> 8, bytes.length & 255]), bytes])
  }
  const tls = (flags: number, verify: number, ...inner: Buffer[]) => {
    const head = Buffer.from([flags, 0, 0, 0, 0])
    head.writeUInt32BE(verify, 1)
    return tlv(0x20, Buffer.concat([head, ...inner]))
  }
  const whole = Buffer.concat([
    tlv(4, 'padding'),
    tlv(1, 'h2'),
    tlv(2, 'example.com'),
    tls(7, 18, tlv(0x21, 'TLSv1.3'), tlv(0x22, 'client'), tlv(0x23, 'AES'), tlv(0x24, 'SHA256'), tlv(0x25, 'RSA2048')),
  ])
  const names =
    'alpn authority is_ssl client_has_cert_sess client_has_cert_conn ssl_verify_result ssl_version client_cert_cn ssl_cipher cert_sign cert_key'

  function said(tlvs: Buffer | undefined): string {
    const c = new FakeContext()
    c.proxy_tlvs = tlvs
    const parts = names.split(' ').map((name) => `"" + proxy.${name}()`)
    run(load(`import proxy; sub vcl_recv { set req.http.r = ${parts.join(' + "," + ')}; return (hash); }`), 'recv', c)
    return c.req.fields.get('r') ?? 'failed'
  }

  test.each([
    ['all of it', whole, 'h2,example.com,true,true,true,18,TLSv1.3,client,AES,SHA256,RSA2048'],
    ['no header', undefined, ',,false,false,false,0,,,,,'],
    ['TLS without a certificate', tls(1, 0, tlv(0x21, 'TLSv1.2')), ',,true,false,false,0,TLSv1.2,,,,'],
    ['a certificate of the session only', tls(5, 0), ',,true,true,false,0,,,,,'],
    ['one cut short', tlv(0x20, '\x01\0'), ',,false,false,false,0,,,,,'],
    ['a part longer than the whole', tls(1, 0, Buffer.from([0x21, 0xff, 0xff, 0x41])), ',,true,false,false,0,,,,,'],
  ])('%s', (_title, tlvs, expected) => {
    expect(said(tlvs)).toBe(expected)
  })
})

describe('modules whose functions cannot be', () => {
  test.each([['vtc', 'vtc.sleep(1s);', 'rules do not wait']])('%s: %s', (name, statement, reason) => {
    expect(compile(`import ${name}; sub vcl_recv { }`).ok).toBe(true)
    const compiled = compile(`import ${name}; sub vcl_recv { ${statement} }`)
    expect(compiled.ok).toBe(false)
    expect(compiled.text).toContain(reason)
  })

  test('h2 and vtc stand-ins', () => {
    expect(value('import h2;', '', '"" + h2.is() + h2.rapid_reset_limit() + h2.rapid_reset() + h2.rapid_reset_budget()')).toBe(
      '<false-1-1.000-1.000>',
    )
    expect(value('import vtc;', 'if (vtc.no_backend()) { set req.http.x = "1"; }', 'req.http.x + vtc.no_ip()')).toBe('<0.0.0.0>')
    expect(compile('import h2; sub vcl_backend_fetch { if (h2.is()) { } }').text).toContain('h2.is() cannot be called in vcl_backend_fetch')
  })
})
