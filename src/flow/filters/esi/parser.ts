import { includeOf, type EsiInclude } from './include.ts'
import { readTag, TagError } from './tag.ts'

/** What the parser makes of a body, in order. Every byte of it is in one `verbatim` or one `skipped`, as a view that holds during the call. */
export interface EsiOutput {
  /** Bytes that stay. */
  verbatim(bytes: Buffer): void
  /** Bytes that are there for ESI alone, or removed by it. */
  skipped(bytes: Buffer): void
  include(include: EsiInclude): void
  /** As the log has it: "ERR at 17 ESI 1.0 ...". `error`: it is wrong; otherwise only bad style. */
  trouble(text: string, error: boolean): void
}

/** The feature switches of Varnish that change what is ESI. */
export interface EsiFeatures {
  readonly disable_xml_check: boolean
  readonly ignore_https: boolean
  readonly ignore_other_elements: boolean
  readonly remove_bom: boolean
}

const LESS_THAN = 0x3c
const SLASH = 0x2f
const BOM = Buffer.from([0xef, 0xbb, 0xbf])
const COMMENT = Buffer.from('!--')
const ESI = Buffer.from('esi:')
const CDATA = Buffer.from('![CDATA[')
const ESI_COMMENT = Buffer.from('esi')
const END_OF_COMMENT = Buffer.from('-->')
const END_OF_CDATA = Buffer.from(']]>')
const END_OF_TAG = Buffer.from('>')
const NONE = Buffer.alloc(0)

/** A tag that is as long is none. */
const TAG_MAX_BYTES = 16 * 1024

/** More of the body is needed before it can be said what comes. */
const MORE = -1

/** The first bytes: a byte order mark? XML at all? Then: between tags; nothing of it is ESI; up to `end`, as it is; up to `end`, and it goes. */
type State = 'bom' | 'xml' | 'text' | 'plain' | 'until' | 'bad tag'

/**
 * Finds ESI 1.0 in a body that comes in pieces: include, remove, comment, and `<!--esi -->`. What it finds does not depend on where the
 * pieces end. Nothing else is parsed: not the elements around them, and nothing in comments and CDATA.
 */
export class EsiParser {
  /** Some ESI was there. */
  found = false
  private readonly output: EsiOutput
  private readonly features: EsiFeatures
  /** Of the page, which relative URLs are relative to. */
  private readonly url: string
  private state: State = 'bom'
  private end: Buffer = END_OF_TAG
  /** In <esi:remove>. */
  private removing = false
  /** In `<!--esi`, whose end is not for the client either. */
  private commented = false
  /** Of earlier pieces, not yet told. */
  private rest: Buffer = NONE
  /** Bytes told. */
  private told_bytes = 0
  /** How much of an unfinished tag has no end, so that it is not looked through again with each byte. */
  private searched_bytes = 0

  constructor(output: EsiOutput, url: string, features: EsiFeatures) {
    this.output = output
    this.url = url
    this.features = features
  }

  push(piece: Buffer): void {
    const bytes = this.rest.length === 0 ? piece : Buffer.concat([this.rest, piece])
    let at = 0
    while (at < bytes.length) {
      const next = this.step(bytes, at)
      if (next === MORE) break
      at = next
    }
    this.rest = at < bytes.length ? Buffer.from(bytes.subarray(at)) : NONE
  }

  /** The body ends: what is unfinished is no tag. */
  finish(): void {
    const { rest } = this
    this.rest = NONE
    if (rest.length > 0) this.tell(rest, 0, rest.length, this.state === 'bad tag' || this.isTag(rest, 0))
  }

  private step(bytes: Buffer, at: number): number {
    switch (this.state) {
      case 'bom':
        return this.beginning(bytes)
      case 'xml':
        return this.firstCharacter(bytes, at)
      case 'text':
        return bytes[at] === LESS_THAN ? this.mark(bytes, at) : this.text(bytes, at)
      case 'plain':
        return this.tell(bytes, at, bytes.length)
      case 'until':
        return this.untilEnd(bytes, at, false)
      default:
        return this.untilEnd(bytes, at, true)
    }
  }

  private beginning(bytes: Buffer): number {
    const { remove_bom, disable_xml_check } = this.features
    const marked = remove_bom ? begins(bytes, 0, BOM) : false
    if (marked === undefined) return MORE
    this.state = disable_xml_check ? 'text' : 'xml'
    return marked ? this.skip(bytes, 0, BOM.length) : 0
  }

  /** What does not begin as XML is delivered as it is: it may be an image. */
  private firstCharacter(bytes: Buffer, from: number): number {
    let at = from
    while (at < bytes.length && isSpace(bytes[at])) at++
    if (at === bytes.length) return this.tell(bytes, from, at)
    this.state = bytes[at] === LESS_THAN ? 'text' : 'plain'
    if (this.state === 'plain') {
      const what =
        bytes[at] === BOM[0]
          ? "first char not '<' but BOM. (See feature esi_remove_bom)"
          : "first char not '<'. (See feature esi_disable_xml_check)"
      this.output.trouble(`No ESI processing, ${what}`, false)
    }
    return this.tell(bytes, from, at)
  }

  /** Up to the next tag, or the end of the `<!--esi` that we are in. */
  private text(bytes: Buffer, at: number): number {
    const tag = bytes.indexOf(LESS_THAN, at)
    const limit = tag < 0 ? bytes.length : tag
    if (!this.commented) return this.tell(bytes, at, limit)
    const end = bytes.indexOf(END_OF_COMMENT, at)
    if (end < 0 || end > limit) return this.allBut(bytes, at, limit, tag < 0 ? END_OF_COMMENT : NONE)
    if (end > at) return this.tell(bytes, at, end)
    this.commented = false
    this.found = true
    return this.skip(bytes, at, end + END_OF_COMMENT.length)
  }

  /** A "<": what begins here? */
  private mark(bytes: Buffer, at: number): number {
    const closing = bytes[at + 1] === SLASH
    const name = at + (closing ? 2 : 1)
    if (name > bytes.length - 1) return MORE
    const [comment, esi, cdata] = [begins(bytes, name, COMMENT), begins(bytes, name, ESI), begins(bytes, name, CDATA)]
    if (comment === undefined || esi === undefined || cdata === undefined) return MORE
    if (comment) return this.comment(bytes, at, name + COMMENT.length)
    if (esi) return this.tag(bytes, at)
    if (cdata) return this.enter('until', END_OF_CDATA, bytes, at, name + CDATA.length)
    if (this.features.ignore_other_elements) return this.tell(bytes, at, at + 1)
    return this.enter('until', END_OF_TAG, bytes, at, at + 1)
  }

  private comment(bytes: Buffer, at: number, behind: number): number {
    const ours = begins(bytes, behind, ESI_COMMENT)
    if (ours === undefined) return MORE
    if (!ours) {
      // Whatever it is in ends with it: comments do not nest.
      this.commented = false
      return this.enter('until', END_OF_COMMENT, bytes, at, behind)
    }
    if (this.removing) this.complain('ESI 1.0 Nested <!--esi element in <esi:remove>')
    this.commented = true
    return this.skip(bytes, at, behind + ESI_COMMENT.length)
  }

  private tag(bytes: Buffer, at: number): number {
    const end = bytes.indexOf(END_OF_TAG, at + this.searched_bytes)
    const length_bytes = (end < 0 ? bytes.length : end) - at
    if (end < 0 || length_bytes >= TAG_MAX_BYTES) {
      this.searched_bytes = length_bytes
      if (length_bytes < TAG_MAX_BYTES) return MORE
      this.complain('ESI 1.0 element is too long')
      return this.enter('bad tag', END_OF_TAG, bytes, at, at)
    }
    this.searched_bytes = 0
    this.found = true
    const text = bytes.toString('latin1', at, end + 1)
    this.skip(bytes, at, end + 1)
    try {
      this.obey(text)
    } catch (error) {
      if (!(error instanceof TagError)) throw error
      this.complain(error.message, error.wrong)
    }
    return end + 1
  }

  private obey(text: string): void {
    const tag = readTag(text)
    if (tag.name === 'remove') return this.remove(tag.closing, tag.empty)
    if (this.removing) throw new TagError(`ESI 1.0 <esi:${tag.name}> element nested in <esi:remove>`)
    if (tag.closing) throw new TagError(`ESI 1.0 </esi:${tag.name}> illegal end-tag`)
    if (tag.name === 'comment') {
      if (!tag.empty) throw new TagError("ESI 1.0 <esi:comment> needs final '/'")
      return
    }
    if (!tag.empty) this.complain("ESI 1.0 <esi:include> lacks final '/'", false)
    this.output.include(includeOf(tag, this.url, this.features.ignore_https, (text) => this.complain(text, false)))
  }

  private remove(closing: boolean, empty: boolean): void {
    if (empty) throw new TagError('ESI 1.0 <esi:remove/> not legal')
    if (this.removing === !closing) throw new TagError(closing ? 'ESI 1.0 <esi:remove> not open' : 'ESI 1.0 <esi:remove> already open')
    this.removing = !closing
  }

  private untilEnd(bytes: Buffer, at: number, gone: boolean): number {
    const end = bytes.indexOf(this.end, at)
    if (end < 0) return this.allBut(bytes, at, bytes.length, this.end, gone)
    this.state = 'text'
    return this.tell(bytes, at, end + this.end.length, gone)
  }

  private enter(state: State, end: Buffer, bytes: Buffer, from: number, to: number): number {
    this.state = state
    this.end = end
    this.searched_bytes = 0
    return this.tell(bytes, from, to)
  }

  /** What at the end may be the beginning of `end` is kept. */
  private allBut(bytes: Buffer, from: number, to: number, end: Buffer, gone = false): number {
    let kept = Math.min(end.length - 1, to - from)
    while (kept > 0 && !begins(bytes.subarray(to - kept, to), 0, end.subarray(0, kept))) kept--
    if (to - Math.max(0, kept) === from) return MORE
    return this.tell(bytes, from, to - Math.max(0, kept), gone)
  }

  private isTag(bytes: Buffer, at: number): boolean {
    return this.state === 'text' && bytes[at] === LESS_THAN && begins(bytes, at + (bytes[at + 1] === SLASH ? 2 : 1), ESI) === true
  }

  private tell(bytes: Buffer, from: number, to: number, gone = false): number {
    if (gone || this.removing) return this.skip(bytes, from, to)
    if (to > from) this.output.verbatim(bytes.subarray(from, to))
    this.told_bytes += to - from
    return to
  }

  private skip(bytes: Buffer, from: number, to: number): number {
    if (to > from) this.output.skipped(bytes.subarray(from, to))
    this.told_bytes += to - from
    return to
  }

  private complain(text: string, error = true): void {
    this.output.trouble(`${error ? 'ERR' : 'WARN'} at ${this.told_bytes} ${text}`, error)
  }
}

/** Undefined: as far as the bytes go it does. */
function begins(bytes: Buffer, at: number, word: Buffer): boolean | undefined {
  for (let i = 0; i < word.length; i++) {
    if (at + i >= bytes.length) return undefined
    if (bytes[at + i] !== word[i]) return false
  }
  return true
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d)
}
