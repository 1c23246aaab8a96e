import { describe, expect, test } from 'vitest'
import type { Expression, Statement, VclFile } from '../../../src/vcl/ast.ts'
import { formatDiagnostic } from '../../../src/vcl/diagnostic.ts'
import { parseVcl } from '../../../src/vcl/parse.ts'

function parse(source: string): VclFile {
  const { ast, diagnostics, sources } = parseVcl(source, 'test.vcl')
  if (ast === undefined) throw new Error(formatDiagnostic(diagnostics[0], sources))
  return ast
}

function complaint(source: string): string | undefined {
  const { ast, diagnostics } = parseVcl(source, 'test.vcl')
  if (ast !== undefined) return undefined
  const { at, message } = diagnostics[0]
  return `${at.line}:${at.column} ${message}`
}

function statements(body: string): readonly Statement[] {
  const sub = parse(`vcl 4.1; sub s { ${body} }`).declarations[0]
  return sub.kind === 'sub' ? sub.body.statements : []
}

/** Fully parenthesised, so that precedence shows. */
function shape(node: Expression): string {
  switch (node.kind) {
    case 'binary':
      return `(${shape(node.left)} ${node.op} ${shape(node.right)})`
    case 'match':
      return `(${shape(node.left)} ${node.negated ? '!~' : '~'} ${shape(node.right)})`
    case 'not':
      return `!${shape(node.operand)}`
    case 'negate':
      return `-${shape(node.operand)}`
    case 'paren':
      return `[${shape(node.inner)}]`
    case 'string':
      return JSON.stringify(node.value)
    case 'symbol':
      return node.text
    case 'call':
      return `${node.callee.text}(${node.args.map((a) => (a.name === undefined ? '' : `${a.name.text}=`) + shape(a.value)).join(', ')})`
    case 'method':
      return `${shape(node.object)}.${node.name.text}(${node.args.map((a) => shape(a.value)).join(', ')})`
    case 'property':
      return `${shape(node.object)}.${node.name.text}`
    case 'blob':
      return `:${node.base64}:`
    case 'duration':
      return `${node.seconds}s`
    case 'bytes':
      return `${node.bytes}B`
    default:
      return node.raw
  }
}

describe('expressions', () => {
  test.each([
    ['a || b && c', '(a || (b && c))'],
    ['!a == "x" && b', '(!(a == "x") && b)'],
    ['1 + 2 * 3 - 4', '((1 + (2 * 3)) - 4)'],
    ['a + "b" ~ "c"', '((a + "b") ~ "c")'],
    ['a !~ "b" || !c', '((a !~ "b") || !c)'],
    ['(a + b) + c', '([(a + b)] + c)'],
    ['- -1 + -(2)', '(--1 + -[2])'],
    ['10 / 2 % 3', '((10 / 2) % 3)'],
    ['req.http.a.lower()', 'req.http.a.lower()'],
    ['f.g("x").upper().lower()', 'f.g("x").upper().lower()'],
    ['("a" + b).lower()', '[("a" + b)].lower()'],
    ['storage.s0.free_space', 'storage.s0.free_space'],
    ['req.http."x.y"', 'req.http.x.y'],
    ['req . /* c */ url', 'req.url'],
    ['std.integer(s="1", fallback=2,)', 'std.integer(s="1", fallback=2)'],
    ['now - 5m', '(now - 300s)'],
    ['5-3', '(5 - 3)'],
    ['1.', '1.'],
    ['120 s + 1.5h + 5ms', '((120s + 5400s) + 0.005s)'],
    ['1K + 2 MB + 3B + 1.5KB', '(((1024B + 2097152B) + 3B) + 1536B)'],
    [':aGk=:', ':aGk=:'],
    ['"""a"b""" + {"c"d"} + ""', '(("a\\"b" + "c\\"d") + "")'],
    ['"no \\ escapes %20"', '"no \\\\ escapes %20"'],
  ])('%s', (source, expected) => {
    const [statement] = statements(`set x = ${source};`)
    expect(statement.kind === 'set' && shape(statement.value)).toBe(expected)
  })
})

describe('statements', () => {
  test.each([
    ['set req.url += "x";', 'set'],
    ['SET req.url = "x";', 'set'],
    ['unset req.http.x;', 'unset'],
    ['if (a) {} else if (b) {} elseif (c) {} elsif (d) {} elif (e) {} else {}', 'if'],
    ['call foo;', 'call_sub'],
    ['return;', 'return'],
    ['return (synth(404, "x" + y));', 'return'],
    ['return (vcl(label));', 'return'],
    ['new d = directors.round_robin();', 'new'],
    ['ban("req.url == /");', 'ban'],
    ['hash_data(req.url);', 'hash_data'],
    ['synthetic("x");', 'synthetic'],
    ['std.log("x");', 'call_statement'],
    ['{ set req.url = "x"; }', 'block'],
    ['C{ int i; }C', 'inline_c'],
  ])('%s', (source, kind) => {
    expect(statements(source).map((statement) => statement.kind)).toEqual([kind])
  })

  test('an if chain keeps its branches in order and knows its else', () => {
    const [chain] = statements('if (a) {} elsif (b) { return; } else { return; }')
    if (chain.kind !== 'if') throw new Error(chain.kind)
    expect(chain.branches.map((branch) => [shape(branch.condition), branch.body.statements.length])).toEqual([
      ['a', 0],
      ['b', 1],
    ])
    expect(chain.otherwise?.statements.length).toBe(1)
  })

  test('return without parentheses behind the action differs from empty ones', () => {
    const returns = statements('return (pass); return (restart());').map((s) => s.kind === 'return' && s.args)
    expect(returns).toEqual([undefined, []])
  })
})

describe('declarations', () => {
  const SOURCE = `vcl 4.1;
import std; import directors as d from "x.so";
acl a +log -pedantic +fold(+report) { "10.0.0.0"/8; ! "10.1.0.0/16"; ("host"); !("h"/32); (! "i"); }
probe p { .url = "/"; .interval = 5s; }
backend b { .host = "h"; .port = "80"; .probe = { .request = "GET /" "Host: x"; } .connect_timeout = 1 s; }
backend n none;
unused a;
sub s { }
`
  const declarations = parse(SOURCE).declarations

  test('all kinds, in order', () => {
    expect(declarations.map((one) => one.kind)).toEqual(['import', 'import', 'acl', 'probe', 'backend', 'backend', 'unused', 'sub'])
  })

  test('acl entries and flags', () => {
    const acl = declarations[2]
    if (acl.kind !== 'acl') throw new Error(acl.kind)
    expect(acl.flags.map((flag) => [flag.on, flag.name, flag.arguments.length])).toEqual([
      [true, 'log', 0],
      [false, 'pedantic', 0],
      [true, 'fold', 1],
    ])
    expect(acl.entries.map((e) => [e.address.value, e.mask?.value, e.negated, e.optional])).toEqual([
      ['10.0.0.0', 8, false, false],
      ['10.1.0.0/16', undefined, true, false],
      ['host', undefined, false, true],
      ['h', 32, true, true],
      ['i', undefined, true, true],
    ])
  })

  test('backend attributes: an inline probe needs no semicolon', () => {
    const backend = declarations[4]
    if (backend.kind !== 'backend') throw new Error(backend.kind)
    expect(backend.attributes.map((one) => [one.name.text, one.value.kind])).toEqual([
      ['host', 'string'],
      ['port', 'string'],
      ['probe', 'probe_block'],
      ['connect_timeout', 'duration'],
    ])
  })
})

test('places: line, column and length of the node itself', () => {
  const [set] = statements('\n  set req.url = "ab" +\n    req.http.x; ')
  if (set.kind !== 'set') throw new Error(set.kind)
  const { line, column, length } = set.target.at
  expect([line, column, length]).toEqual([2, 7, 7])
  expect([set.value.at.line, set.value.at.column, set.value.at.length]).toEqual([2, 17, '"ab" +\n    req.http.x'.length])
  expect([set.at.line, set.at.column]).toEqual([2, 3])
})

describe('accepted', () => {
  test.each([
    '# hi\n/* x */ vcl 4.1;',
    'vcl 4.0; sub a { }\r\nsub b {\r\n}\r\n',
    'vcl 4.1; vcl 4.0; sub a { }',
    '// /* not a comment\nvcl 4.1; # /* neither',
    'vcl 4.1; /* a // b ** */',
    'vcl 4.1; sub a { set x = "/* a"; set y = "// b"; set z = "# c"; }',
    'vcl 4.1; sub a { set req.http.include = "x"; set req.http.import = req.http.include; }',
    'vcl 4.1; acl a { "1.1.1.1"; }',
    'vcl 4.1; sub a{set b="c";if(d){}elseif(e){}else{}}',
  ])('%j', (source) => {
    expect(complaint(source)).toBeUndefined()
  })
})

describe('rejected, with the place', () => {
  test.each([
    ['', '1:1 the VCL version is missing'],
    ['sub a { }', '1:1 the VCL version is missing'],
    ['vcl 4.2;', '1:5 VCL version 4.2 is not supported'],
    ['vcl 4.0; vcl 4.1;', '1:14 VCL version 4.1 is higher than that of the main file'],
    ['vcl 4.1', "1:8 expected ';', found end of file"],
    ['\xef\xbb\xbfvcl 4.1;', '1:1 the file has a byte order mark'],
    ['vcl 4.1; SUB a { }', "1:10 unknown declaration 'SUB'"],
    ['vcl 4.1; sub a { };', "1:19 expected a declaration or end of file, found ';'"],
    ['vcl 4.1; sub a { ; }', "1:18 expected '}' or a statement, found ';'"],
    ['vcl 4.1; sub a { set x = "a" "b"; }', `1:30 expected ';' or an operator, found '"b"'`],
    ['vcl 4.1; sub a { set x = !!b; }', "1:27 expected an expression, found '!'"],
    ['vcl 4.1; sub a { if (1 < 2 < 3) {} }', "1:28 expected ')' or an operator, found '<'"],
    ['vcl 4.1; sub a { if (b == !c) {} }', "1:27 expected an expression, found '!'"],
    ['vcl 4.1; sub a { if b { } }', "1:21 expected '(', found 'b'"],
    ['vcl 4.1; sub a { if (b) return(pass); }', "1:25 expected '{', found 'return'"],
    ['vcl 4.1; sub a { return pass; }', "1:25 expected ';' or '(', found 'pass'"],
    ['vcl 4.1; sub a { return(); }', "1:25 expected a return action, found ')'"],
    ['vcl 4.1; sub a { synthetic "x"; }', `1:28 expected '(', found '"x"'`],
    ['vcl 4.1; sub a { while (b) {} }', "1:18 unknown statement 'while'"],
    ['vcl 4.1; sub a { else {} }', "1:18 unknown statement 'else'"],
    ['vcl 4.1; sub a { foo(); }', "1:18 unknown statement 'foo'"],
    ['vcl 4.1; sub a { std.f(a=1, 2); }', '1:29 a positional argument after a named one'],
    ['vcl 4.1; sub a { std.f(,); }', "1:24 expected ')' or an expression, found ','"],
    ['vcl 4.1; sub a { std.f("x").g(); }', "1:28 expected ';', found '.'"],
    ['vcl 4.1; sub a { set x = 10q; }', "1:26 unknown unit 'q'"],
    ['vcl 4.1; sub a { set x = .5s; }', "1:26 expected an expression, found '.'"],
    ['vcl 4.1; sub a { set x = 1e3; }', "1:26 unknown unit 'e3'"],
    ['vcl 4.1; sub a { set x = a ? b : c; }', "1:28 unexpected '?'"],
    ["vcl 4.1; sub a { set x = 'b'; }", '1:26 unexpected single quote'],
    ['vcl 4.1; sub a { set x = "b\nc"; }', '1:26 this string is not closed on its line'],
    ['vcl 4.1; sub a { set x = {"b"; }', '1:26 this {" string is never closed'],
    ['vcl 4.1; acl a {"1.1.1.1";}', '1:16 this {" string is never closed'],
    ['vcl 4.1; /* a /* b */', '1:15 /* inside a /* comment'],
    ['vcl 4.1; sub a { } /* end', '1:20 this comment is never closed'],
    ['vcl 4.1; acl a + log { }', "1:16 expected '{' or a flag (+name or -name), found '+'"],
    ['vcl 4.1; acl a { "1.1.1.1"/b; }', "1:28 expected a number, found 'b'"],
    ['vcl 4.1; backend b { .host = "a"; .probe = { }; }', "1:47 expected '}' or an attribute (.name = value;), found ';'"],
    ['vcl 4.1; backend b { host = "a"; }', "1:22 expected '}' or an attribute (.name = value;), found 'host'"],
    ['vcl 4.1; sub a { set x = "b"', "1:29 expected ';' or an operator, found end of file"],
    ['vcl 4.1; sub a { set req."http".x = "b"; }', '1:26 only header names can be quoted'],
    ['vcl 4.1; sub a { set req."url" = "b"; }', '1:26 only header names can be quoted'],
    ['vcl 4.1; sub a { include; }', '1:18 include is not followed by a file name'],
    ['vcl 4.1; sub a { set x = \0; }', '1:26 unexpected byte 0x00'],
  ])('%j', (source, expected) => {
    expect(complaint(source)).toBe(expected)
  })
})

describe('bounds', () => {
  test.each([
    ['parentheses', `set x = ${'('.repeat(5000)}`, 'nested deeper than 100 levels'],
    ['blocks', '{'.repeat(5000), 'nested deeper than 100 levels'],
    ['minus signs', `set x = ${'- '.repeat(5000)}1;`, 'nested deeper than 100 levels'],
    ['terms', `set x = 1${' + 1'.repeat(5000)};`, 'this expression is too long'],
    ['methods', `set x = "a"${'.lower()'.repeat(5000)};`, 'this expression is too long'],
  ])('%s', (_what, body, message) => {
    expect(complaint(`vcl 4.1; sub a { ${body} }`)).toContain(message)
  })

  test('a long if chain and many statements are no problem', () => {
    expect(statements(`if (a) {} ${'elseif (b) { set c = d; } '.repeat(3000)}`).length).toBe(1)
    expect(statements('set a = b; '.repeat(5000)).length).toBe(5000)
  })
})
