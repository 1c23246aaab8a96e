import { randomFrom } from '../../fuzz/generate.ts'

/** Pieces that pages are put together of: every kind of tag, whole and broken, and what is around them. */
const PIECES = [
  '<esi:include src="/x"/>',
  "<esi:include src='y?a=1&amp;b'/>",
  '<esi:include src=/z />',
  '<esi:include src="http://other/p?q"/>',
  '<esi:include src="https://other/p"/>',
  '<esi:include src="/n">',
  '<esi:include/>',
  '<esi:include foo="bar" src="/f" bar>',
  '<esi:include src="/a" src="/b"/>',
  '<esi:include src="/open/>',
  '<esi:include src="/t"alt="y"/>',
  '<esi:include / src="/s">',
  '</esi:include>',
  '<esi:includes src="/i"/>',
  '<esi:remove>',
  '</esi:remove>',
  '<esi:remove/>',
  '<esi:comment text="c"/>',
  '<esi:comment>',
  '<esi:vars>',
  '<!--esi',
  '-->',
  '<!-- c -->',
  '<!--',
  '<!-',
  '<![CDATA[',
  ']]>',
  '<p>',
  '</p>',
  '<a href="<esi:include src=/q />">',
  '<',
  '>',
  '/',
  ' ',
  'text',
  '-',
  '&lt;',
] as const

const SEED = 4711
const PAGES = 700

/** Most begin as XML: nothing else is looked through. */
export function pages(seed = SEED, count = PAGES): string[] {
  const chance = randomFrom(seed)
  return Array.from({ length: count }, () => {
    const pieces = Array.from({ length: 1 + Math.floor(chance() * 7) }, () => PIECES[Math.floor(chance() * PIECES.length)])
    return (chance() < 0.9 ? '<html>' : '') + pieces.join('')
  })
}

/** Where varnishd means something else than we do, and why. */
export function differs(page: string): string | undefined {
  if (page.includes('--->')) return 'three dashes end a comment, as in HTML; varnishd looks for two from the beginning after the third'
  if (page.includes('<esi:includes'))
    return 'to varnishd a longer name is the name and an attribute, once white space was in any tag before it'
  if (page.endsWith('<!--esi')) return 'varnishd leaves the beginning of a comment that is the end of the page'
  return undefined
}
