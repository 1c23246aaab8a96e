import { describe, expect, test } from 'vitest'
import type { Fragment } from '../../../../../src/flow/filters/esi/fragment.ts'
import { FRAME, frameHead, includeFrame } from '../../../../../src/flow/filters/esi/frames.ts'
import { PageOutput } from '../../../../../src/flow/filters/esi/page-output.ts'
import { EsiReader, type Includer } from '../../../../../src/flow/filters/esi/reader.ts'
import { Sections } from '../../../../../src/flow/filters/esi/sections.ts'
import type { Body, BodyReader } from '../../../../../src/store/contract.ts'

/** One of two readers of a page, each of which is given its pieces by hand. */
class GivenReader {
  onMore: (() => void) | undefined = undefined
  done = false
  failed = false
  private readonly pieces: Buffer[] = []

  give(...pieces: Buffer[]): void {
    this.pieces.push(...pieces)
    this.tell()
  }

  end(): void {
    this.done = true
    this.tell()
  }

  fail(): void {
    this.failed = true
    this.tell()
  }

  next(): Buffer | undefined {
    return this.pieces.shift()
  }

  release(): void {}

  private tell(): void {
    const { onMore } = this
    this.onMore = undefined
    onMore?.()
  }
}

function text(of: string): Buffer {
  return Buffer.concat([frameHead(FRAME.verbatim, of.length), Buffer.from(of)])
}

const include = (url: string): Buffer => includeFrame({ goes_on: false, host: undefined, url })

/** What an include comes to: its URL. */
function fragmentOf(url: string): Fragment {
  let given = false
  const fragment = {
    status: 200,
    failed: false,
    blocks: undefined,
    packed: undefined,
    get done() {
      return given
    },
    next(): Buffer | undefined {
      if (given) return undefined
      given = true
      return Buffer.from(`[${url}]`)
    },
    release() {},
  }
  return fragment as unknown as Fragment
}

/** A page and its client, who takes all there is whenever there is something. */
class Page {
  readonly source = new GivenReader()
  readonly scout = new GivenReader()
  readonly begun: string[] = []
  got = ''
  readonly reader: EsiReader

  constructor() {
    const readers = [this.source, this.scout]
    const body = { read: () => readers.shift() as unknown as BodyReader } as unknown as Body
    const includer: Includer = {
      begin: ({ url }) => {
        this.begun.push(url)
        return fragmentOf(url)
      },
      breaks: (_include, fragment) => fragment.failed,
    }
    this.reader = new EsiReader(body, includer, new PageOutput('plain', new Sections(body)))
    this.take()
  }

  readonly take = (): void => {
    for (let piece = this.reader.next(); piece !== undefined; piece = this.reader.next()) this.got += piece.toString()
    this.reader.onMore = this.take
  }
}

const PIECES = [text('a'), include('/1'), text('b'), include('/2'), text('c')]
const WHOLE = 'a[/1]b[/2]c'

describe('the second reader of a page, which begins its includes', () => {
  test('runs ahead', () => {
    const page = new Page()
    page.scout.give(...PIECES)
    expect([page.begun, page.got]).toEqual([['/1', '/2'], ''])
    page.source.give(...PIECES)
    page.source.end()
    expect([page.got, page.reader.done]).toEqual([WHOLE, true])
  })

  test('comes behind, all at once: each include waits for it, and has its place', () => {
    const page = new Page()
    page.source.give(...PIECES)
    page.source.end()
    expect([page.begun, page.got, page.reader.done]).toEqual([[], 'a', false])
    page.scout.give(...PIECES)
    page.scout.end()
    expect([page.begun, page.got, page.reader.done]).toEqual([['/1', '/2'], WHOLE, true])
  })

  test('comes behind, piece by piece', () => {
    const page = new Page()
    page.source.give(...PIECES)
    page.source.end()
    const got = PIECES.map((piece) => {
      page.scout.give(piece)
      return page.got
    })
    expect(got).toEqual(['a', 'a[/1]b', 'a[/1]b', WHOLE, WHOLE])
    expect(page.reader.done).toBe(true)
  })

  test.each(['end', 'fail'] as const)('never comes to an include that the first has come to (%s): the page breaks off there', (how) => {
    const page = new Page()
    page.source.give(...PIECES)
    page.source.end()
    page.scout.give(PIECES[0])
    page.scout[how]()
    expect([page.got, page.reader.failed, page.reader.done]).toEqual(['a', true, false])
  })
})
