import { describe, expect, test } from 'vitest'
import { type EsiFeatures, EsiParser } from '../../../../../src/flow/filters/esi/parser.ts'

const OFF: EsiFeatures = { disable_xml_check: false, ignore_https: false, ignore_other_elements: false, remove_bom: false }

/** What a page comes to: its own bytes, {what is included}, and in the second text the complaints. */
function parsed(
  page: string,
  features: Partial<EsiFeatures> = {},
  sizes = [Infinity],
  url = '/a/b/page?x=/y',
): { text: string; said: string[]; found: boolean } {
  let [text, whole] = ['', '']
  const said: string[] = []
  const parser = new EsiParser(
    {
      verbatim: (bytes) => {
        text += bytes.toString('latin1')
        whole += bytes.toString('latin1')
      },
      skipped: (bytes) => void (whole += bytes.toString('latin1')),
      include: ({ url: path, host, goes_on }) => void (text += `{${host === undefined ? '' : `//${host}`}${path}${goes_on ? '?!' : ''}}`),
      trouble: (complaint) => said.push(complaint),
    },
    url,
    { ...OFF, ...features },
  )
  const bytes = Buffer.from(page, 'latin1')
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const end = Math.min(bytes.length, at + sizes[i % sizes.length])
    parser.push(bytes.subarray(at, end))
    at = end
  }
  parser.finish()
  expect(whole, 'every byte is told once').toBe(page)
  return { text, said, found: parser.found }
}

const PAGES: readonly (readonly [what: string, page: string, text: string, said?: readonly string[], features?: Partial<EsiFeatures>])[] = [
  ['no ESI', '<html>a < b</html>', '<html>a < b</html>'],
  ['an include', '<p><esi:include src="/x"/></p>', '<p>{/x}</p>'],
  ['in quotes of the other kind', "<esi:include src='/x'/>", '{/x}'],
  ['without quotes', '<esi:include src=/x />', '{/x}'],
  ['with more attributes', '<esi:include alt="/y" src="/x" onerror="continue"/>', '{/x?!}'],
  ['relative', '<esi:include src="x?y"/>', '{/a/b/x?y}'],
  ['of another host', '<esi:include src="http://other:81/x"/>', '{//other:81/x}'],
  ['of a host alone', '<esi:include src="http://other"/>', '{//other/}'],
  ['of a host and a query', '<esi:include src="http://other?q"/>', '{//other/?q}'],
  ['with entities', '<esi:include src="/x?a=1&amp;b=&quot;&lt;&gt;&apos;&amp;lt;"/>', `{/x?a=1&b="<>'&lt;}`],
  ['https', '<a><esi:include src="https://h/x"/>', '<a>', ['WARN at 35 ESI 1.0 <esi:include> with https:// ignored']],
  [
    'https as http',
    '<esi:include src="https://h/x"/>',
    '{//h/x}',
    ['WARN at 32 ESI 1.0 <esi:include> https:// treated as http://'],
    { ignore_https: true },
  ],
  ['without a slash', '<esi:include src="/x">', '{/x}', ["WARN at 22 ESI 1.0 <esi:include> lacks final '/'"]],
  ['without src', '<esi:include/>', '', ['ERR at 14 ESI 1.0 <esi:include> lacks src attr']],
  ['with nothing in src', '<esi:include src=""/>', '', ['ERR at 21 ESI 1.0 <esi:include> has empty src attribute']],
  ['with two', '<esi:include src="/a" src="/b"/>', '', ['ERR at 32 ESI 1.0 <esi:include> has multiple src= attributes']],
  [
    'a URL that is two lines of a request',
    '<esi:include src="/a&#10;\r\nX: y"/>',
    '',
    ['ERR at 34 ESI 1.0 <esi:include> has whitespace or control characters in src attribute'],
  ],
  ['a host that is more', '<esi:include src="http://a@b/"/>', '', ['ERR at 32 ESI 1.0 <esi:include> has invalid src URL']],
  ['an open quote', '<esi:include src="/x>y', 'y', ['ERR at 21 XML 1.0 Missing end attribute delimiter']],
  ['a slash too early', '<esi:include / src="/x">', '', ["ERR at 24 XML 1.0 '>' does not follow '/' in tag"]],
  ['attributes that touch', '<esi:include src="/x"alt="y"/>', '{/x}'],
  ['a longer name', '<esi:includes src="/x"/>', '', ['ERR at 24 XML 1.0 Illegal attribute start char']],
  [
    'another element of ESI',
    '<esi:vars>a</esi:vars>',
    'a',
    ['ERR at 10 ESI 1.0 <esi:bogus> element', 'ERR at 22 ESI 1.0 <esi:bogus> element'],
  ],
  ['removed', '<a><esi:remove>b<i>c</i></esi:remove>d', '<a>d'],
  ['removed twice', '<esi:remove><esi:remove></esi:remove>d', 'd', ['ERR at 24 ESI 1.0 <esi:remove> already open']],
  [
    'an include in what is removed',
    '<esi:remove><esi:include src="/x"/></esi:remove>',
    '',
    ['ERR at 35 ESI 1.0 <esi:include> element nested in <esi:remove>'],
  ],
  ['never opened', 'x</esi:remove>', 'x</esi:remove>', ["No ESI processing, first char not '<'. (See feature esi_disable_xml_check)"]],
  ['a comment of ESI', '<a><esi:comment text="x"/>b', '<a>b'],
  ['for who has ESI', '<a><!--esi <b><esi:include src="/x"/>--><c>', '<a> <b>{/x}<c>'],
  ['dashes before the end of that', '<!--esi a ---->b', ' a --b'],
  ['a comment', '<a><!-- <esi:include src="/x"/> --><b>', '<a><!-- <esi:include src="/x"/> --><b>'],
  ['a comment in what is for who has ESI', '<!--esi <!-- c --> d-->', ' <!-- c --> d-->'],
  ['the same once more in it', '<!--esi a <!--esi b <esi:include src="/x"/>--> c-->', ' a  b {/x} c-->'],
  ['CDATA', '<![CDATA[<esi:include src="/x"/>]]>', '<![CDATA[<esi:include src="/x"/>]]>'],
  ['in an attribute of another element', '<a href="<esi:include src="/x"/>">', '<a href="<esi:include src="/x"/>">'],
  ['and looked for there', '<a href="<esi:include src="/x"/>">', '<a href="{/x}">', undefined, { ignore_other_elements: true }],
  [
    'not XML',
    '{"a": "<esi:include src="/x"/>"}',
    '{"a": "<esi:include src="/x"/>"}',
    ["No ESI processing, first char not '<'. (See feature esi_disable_xml_check)"],
  ],
  ['not XML and all the same', '{"a": <esi:include src="/x"/>}', '{"a": {/x}}', undefined, { disable_xml_check: true }],
  ['white space first', ' \r\n<a><esi:include src="/x"/>', ' \r\n<a>{/x}'],
  [
    'a byte order mark',
    '\xef\xbb\xbf<esi:include src="/x"/>',
    '\xef\xbb\xbf<esi:include src="/x"/>',
    ["No ESI processing, first char not '<' but BOM. (See feature esi_remove_bom)"],
  ],
  ['and without', '\xef\xbb\xbf<esi:include src="/x"/>', '{/x}', undefined, { remove_bom: true }],
  ['an end in the middle of a tag', '<a><esi:include src="/x', '<a>'],
  ['an end in the middle of a name', '<a><es', '<a><es'],
  ['a tag without end', `<esi:include src="${'x'.repeat(20_000)}"/>y`, 'y', ['ERR at 0 ESI 1.0 element is too long']],
]

describe('what is ESI', () => {
  for (const [what, page, text, said = [], features] of PAGES) {
    test(what, () => {
      const whole = parsed(page, features)
      expect(whole.text).toBe(text)
      expect(whole.said).toEqual(said)
    })
  }

  test('pieces make no difference', () => {
    for (const [what, page, , , features] of PAGES) {
      const { text, said } = parsed(page, features)
      for (const sizes of [[1], [2], [3, 1], [7], [16, 1, 5]]) {
        const pieces = parsed(page, features, sizes)
        expect(pieces.text, `${what} in pieces of ${sizes.join(', ')}`).toBe(text)
        expect(pieces.said, what).toEqual(said)
      }
    }
  })
})
