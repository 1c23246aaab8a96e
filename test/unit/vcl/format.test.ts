import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { formatRules } from '../../../src/vcl/format/format.ts'
import { tokensOf } from '../../../src/vcl/format/tokens.ts'
import { parseVcl } from '../../../src/vcl/parse.ts'
import { generatedRules } from '../../../bench/micro/vcl/rules.ts'
import { randomFrom } from '../../fuzz/generate.ts'

/** `lacquer fmt` changes how rules look and nothing else. */

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))

function filesOf(folder: string): [string, string][] {
  const names = readdirSync(join(ROOT, folder)).filter((name) => name.endsWith('.vcl'))
  return names.map((name) => [`${folder}/${name}`, readFileSync(join(ROOT, folder, name), 'latin1')])
}

const FILES = [...filesOf('vcl-examples'), ...filesOf('test/vcl/public'), ...filesOf('src/vcl')]
const PROBES = JSON.parse(readFileSync(join(ROOT, 'test/vcl/probes.json'), 'utf8')) as { version: string; body: string }[]

/** The tree without its places; undefined for what is no VCL. */
function tree(text: string): string | undefined {
  const { ast } = parseVcl(text, '<test>', { readFile: () => '' })
  return ast && JSON.stringify(ast, (key, value: unknown) => (key === 'at' || key === 'op_at' ? undefined : value))
}

/** Formats, and sees to it that nothing else has happened. */
function checked(text: string): string {
  const once = formatRules(text)
  expect(once, text).toBeDefined()
  expect(formatRules(once!), text).toBe(once)
  expect(tree(once!), text).toBe(tree(text))
  return once!
}

describe('the style', () => {
  test.each<[string, string, string]>([
    [
      'a statement to a line, a blank between words, braces at the end of the line',
      'vcl 4.1;import std;sub a{set req.http.x="a"+-1;if(!req.http.y||req.url~"x"&&a!=b){return(pass);}else if(c)\n{unset req . url;}\nelse\n{ }}',
      'vcl 4.1;\nimport std;\nsub a {\n    set req.http.x = "a" + -1;\n    if (!req.http.y || req.url ~ "x" && a != b) {\n        return (pass);\n    } else if (c) {\n        unset req.url;\n    } else { }\n}\n',
    ],
    [
      'acls, backends and probes',
      'acl a +log -pedantic +fold( +report ){ "10.0.0.0" / 8 ;! "10.1.0.0"/16;( "host" ); }\n\n\n\nbackend b{.host="h";.probe={.request="GET /" "Host: x";.interval=5 s;}}',
      'acl a +log -pedantic +fold(+report) {\n    "10.0.0.0"/8;\n    ! "10.1.0.0"/16;\n    ("host");\n}\n\nbackend b {\n    .host = "h";\n    .probe = {\n        .request = "GET /" "Host: x";\n        .interval = 5s;\n    }\n}\n',
    ],
    ['signs and minus', 'set a = 1-2 - -3*- -4;', 'set a = 1 - 2 - -3 * - -4;\n'],
    ['arguments by name', 'set a = std.integer( s = "1" ,fallback=2 , );', 'set a = std.integer(s="1", fallback=2,);\n'],
    ['include', 'include+glob"./x*.vcl" ;include  "y";', 'include +glob "./x*.vcl";\ninclude "y";\n'],
    [
      'lines that their author broke at operators stay broken, others are joined',
      'if (a ||\nb\n&& c) {\nset req.url\n= "a"\n+ "b";\n}',
      'if (a ||\n    b\n    && c) {\n    set req.url\n        = "a"\n        + "b";\n}\n',
    ],
    [
      'comments stay where they are',
      '# top\nsub a { # behind\n\n/* own\n  * line\n */\nset a = "b" // mid\n+ "c"; /* end */\n\n\n# last\n}\n# end',
      '# top\nsub a { # behind\n    /* own\n     * line\n     */\n    set a = "b" // mid\n        + "c"; /* end */\n\n    # last\n}\n\n# end\n',
    ],
    [
      'a comment between else and if takes no blank away',
      'if (a) {\n} else /* why */ if(b) {\n}',
      'if (a) { } else /* why */ if (b) { }\n',
    ],
    ['a comment before an else keeps its line', 'if (a) {\n}\n# why\nelse {\n}', 'if (a) { }\n# why\nelse { }\n'],
    [
      'strings over several lines, and what looks like something else in them',
      'synthetic ( {"<p>\r\n  # no comment  \n}  "} );set a = """x;y""";',
      'synthetic({"<p>\r\n  # no comment  \n}  "});\nset a = """x;y""";\n',
    ],
    ['a declaration behind another has a blank line before it', 'sub a {\n}\nsub b {\n}\n', 'sub a { }\n\nsub b { }\n'],
    ['line ends of another system', 'vcl 4.1;\r\nsub a {\r\n\tset b = "c"; # d\r\n}\r\n', 'vcl 4.1;\nsub a {\n    set b = "c"; # d\n}\n'],
    ['nothing', '\n\n', ''],
  ])('%s', (_what, text, expected) => {
    expect(checked(text)).toBe(expected)
  })

  test('long conditions are broken at their outermost operators', () => {
    const term = (name: string): string => `req.http.${name.repeat(12)} == "${name.repeat(12)}"`
    const text = `if (${['a', 'b', 'c'].map(term).join(' && ')} && (${['d', 'e', 'f', 'g'].map(term).join(' || ')})) {\nreturn (pass);\n}`
    expect(checked(text)).toBe(
      [
        `if (${term('a')} &&`,
        `    ${term('b')} &&`,
        `    ${term('c')} &&`,
        `    (${term('d')} ||`,
        ...['e', 'f'].map((name) => `        ${term(name)} ||`),
        `        ${term('g')})) {`,
        '    return (pass);',
        '}',
        '',
      ].join('\n'),
    )
  })

  test('what is no VCL below the grammar is not formatted', () => {
    expect(formatRules('set a = "b;\n')).toBeUndefined()
    expect(formatRules("set a = 'b';\n")).toBeUndefined()
  })
})

describe('rules stay the same', () => {
  test.each(FILES)('%s', (_name, text) => {
    checked(text)
  })

  test.each(FILES.filter(([name]) => name.startsWith('vcl-examples')))('%s is in this style', (_name, text) => {
    expect(formatRules(text)).toBe(text)
  })

  test('the probes, and a long generated file', () => {
    const texts = PROBES.map(({ version, body }) => `${version}\n${body}`).filter((text) => tokensOf(text) !== undefined)
    expect(texts.length).toBeGreaterThan(150)
    for (const text of texts) checked(text)
    checked(generatedRules(300))
  })

  test('however they are laid out: tokens of these files with other white space and comments between them', () => {
    const random = randomFrom(20261125)
    const next = (n: number): number => Math.floor(random() * n)
    const GAPS = [' ', ' ', '\n', '\n\n\n', '\t', '  \r\n ', ' # c\n', ' // c\n', '/* c */', '\n/* c\n * d\n */\n', '\n# c\n', '/**/']
    for (let round = 0; round < 150; round++) {
      const [, text] = FILES[next(FILES.length)]
      const tokens = tokensOf(text)!.filter((token) => !token.kind.endsWith('comment'))
      const from = next(tokens.length)
      // A blank at least: words that touch are one.
      const shaken = tokens.map(({ text: own }, i) => own + (i >= from && i < from + 60 ? ` ${GAPS[next(GAPS.length)]} ` : '\n')).join('')
      expect(tree(shaken)).toBe(tree(text))
      checked(shaken)
    }
  })
})
