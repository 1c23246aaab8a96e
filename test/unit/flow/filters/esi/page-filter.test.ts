import { afterEach, expect, test } from 'vitest'
import { EsiFilter } from '../../../../../src/flow/filters/esi/filter.ts'
import { FRAME, FrameDecoder } from '../../../../../src/flow/filters/esi/frames.ts'
import { EsiGzipFilter } from '../../../../../src/flow/filters/esi/gzip-filter.ts'
import type { PageFilter } from '../../../../../src/flow/filters/esi/page-filter.ts'
import { turns } from '../../../../../src/flow/filters/turns.ts'
import { inflateSection } from '../../../../../src/flow/filters/zlib.ts'

const FEATURES = { disable_xml_check: false, ignore_https: false, ignore_other_elements: false, remove_bom: false }
const PARAMS = { gzip_level: 6, gzip_memlevel: 8, gzip_buffer: 32 * 1024 }
const trouble = (): void => {}
const FILTERS: Record<string, () => PageFilter> = {
  esi: () => new EsiFilter('/', FEATURES, trouble),
  esi_gzip: () => new EsiGzipFilter('/', FEATURES, PARAMS, trouble),
}

afterEach(() => (turns.over = false))

/** A row of text and an include, again and again; some rows are short, some long. */
const PAGE = Array.from({ length: 400 }, (_, i) => `<li>${'row '.repeat(i % 50)}</li><esi:include src="/${i}"/>`).join('')
const TOLD = Array.from({ length: 400 }, (_, i) => `<li>${'row '.repeat(i % 50)}</li>{/${i}}`).join('')

/** A filter between an origin that waits when it is told to, and a body. */
class Rig {
  text = ''
  pieces = 0
  asked = 0
  readonly whole: Promise<void>
  readonly filter: PageFilter
  private readonly decoder = new FrameDecoder()

  constructor(make: () => PageFilter, onRoom: () => void) {
    const filter = (this.filter = make())
    const { promise, resolve } = Promise.withResolvers<void>()
    this.whole = promise
    const hasRoom = (): void => {
      this.asked++
      onRoom()
    }
    filter.join(
      { wantsBits: false, hasRoom, broke: (why) => expect.unreachable(why), account: () => {} },
      { take: (chunk) => this.told(chunk), complete: resolve },
    )
  }

  private told(chunk: Buffer): boolean {
    this.pieces++
    this.decoder.feed(chunk)
    for (let found = this.decoder.next(); found !== undefined; found = this.decoder.next()) {
      const { kind, bytes, include, plain_bytes } = found
      if (include !== undefined) this.text += `{${include.url}}`
      else if (kind === FRAME.section) this.text += inflateSection(bytes!, plain_bytes).toString()
      else if (kind === FRAME.verbatim) this.text += bytes!.toString()
    }
    return true
  }
}

test.each(Object.keys(FILTERS))('%s: a page whose turn is over is parsed in later ones, and the origin waits', async (name) => {
  const bytes = Buffer.from(PAGE)
  const rig: Rig = new Rig(FILTERS[name], () => rig.filter.complete())
  turns.over = true
  expect(rig.filter.take(bytes)).toBe(false)
  // The memory is others' now.
  bytes.fill('?')
  expect(rig.text.length).toBeLessThan(TOLD.length / 2)
  await rig.whole
  expect(rig.text).toBe(TOLD)
  expect(rig.asked).toBe(1)
})

test.each(Object.keys(FILTERS))('%s: what an origin sends all the same, and its end, wait as well', async (name) => {
  const rig = new Rig(FILTERS[name], () => expect.unreachable('it had ended'))
  const half = PAGE.length >> 1
  turns.over = true
  rig.filter.take(Buffer.from(PAGE.slice(0, half)))
  expect(rig.filter.take(Buffer.from(PAGE.slice(half)))).toBe(false)
  rig.filter.complete()
  await rig.whole
  expect(rig.text).toBe(TOLD)
})

test.each(Object.keys(FILTERS))('%s: nothing comes of one that was dropped meanwhile', async (name) => {
  const rig = new Rig(FILTERS[name], () => expect.unreachable('it was dropped'))
  turns.over = true
  rig.filter.take(Buffer.from(PAGE))
  rig.filter.drop()
  const told = rig.text
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve))
  expect(rig.text).toBe(told)
})

test('what one piece of a page comes to goes on in one piece', async () => {
  const rig = new Rig(FILTERS.esi, () => {})
  expect(rig.filter.take(Buffer.from(PAGE.slice(0, 4000)))).toBe(true)
  expect(rig.pieces).toBe(1)
  rig.filter.drop()
})
