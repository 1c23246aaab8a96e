import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { EsiParser } from '../../../src/flow/filters/esi/parser.ts'
import { differs, pages } from './pages.ts'
import { type Delivered, RECORD } from './record.ts'

/** Generated pages, and what a client of varnishd 7.1 got for each. */
const RECORDED = JSON.parse(readFileSync(RECORD, 'utf8')) as Delivered[]
const FEATURES = { disable_xml_check: false, ignore_https: false, ignore_other_elements: false, remove_bom: false }

function made(page: string): { text: string; found: boolean } {
  let text = ''
  const output = {
    verbatim: (bytes: Buffer) => void (text += bytes.toString('latin1')),
    skipped: () => {},
    include: ({ url, host }: { url: string; host: string | undefined }) =>
      void (text += `{${host === undefined ? '' : `//${host}`}${url}}`),
    trouble: () => {},
  }
  const parser = new EsiParser(output, '/a/b/page?1', FEATURES)
  parser.push(Buffer.from(page, 'latin1'))
  parser.finish()
  return { text, found: parser.found }
}

describe('pages with ESI are to a client what varnishd makes of them', () => {
  test('some hundred of them, most of which say something', () => {
    expect(RECORDED.map(([page]) => page)).toEqual(pages())
    expect(RECORDED.filter(([page, text]) => page !== text).length).toBeGreaterThan(400)
  })

  test.each(RECORDED.filter(([page]) => differs(page) === undefined))('%s', (page, text) => {
    const ours = made(page)
    // Where nothing of ESI is whole, varnishd, which waits for the end, delivers what came: a `<!--esi` without its end, too.
    expect(ours.found ? [ours.text] : [ours.text, page]).toContain(text)
  })
})
