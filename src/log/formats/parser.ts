import { asBytes } from '../../base/bytes.ts'
import { OperatorError } from '../../base/errors.ts'
import { marked, printable } from '../query/fault.ts'
import { addGlob } from '../query/tag-list.ts'
import { TAGS, type TagName, tagName, type TagRow } from '../tags.ts'
import { Collector, isFlagged } from './collector.ts'
import { type Field, MISSING_JSON, MISSING_TEXT } from './field.ts'
import { RequestFields } from './request-fields.ts'
import { behind, field, line } from './takes.ts'
import { TimeFields } from './time-fields.ts'

/** What varnishncsa prints unless it is told otherwise: the combined format of web servers. */
export const DEFAULT_FORMAT = '%h %l %u %t "%r" %s %b "%{Referer}i" "%{User-agent}i"'

/** Text that stands in each line, or what is filled in. */
export type Part = string | Field

export interface ParsedFormat {
  readonly parts: readonly Part[]
  readonly collector: Collector
}

/** Reads a format. Throws an OperatorError that shows the place. */
export function parseFormat(text: string, json: boolean): ParsedFormat {
  const collector = new Collector(json)
  return { parts: new FormatParser(text, collector, json).parts(), collector }
}

const FIELD_MAX = 255

export class FormatParser {
  private readonly text: string
  private readonly json: boolean
  private readonly collector: Collector
  private readonly request: RequestFields
  private readonly time: TimeFields
  private at = 0

  constructor(text: string, collector: Collector, json: boolean) {
    this.text = text
    this.json = json
    this.collector = collector
    this.request = new RequestFields(collector, json ? MISSING_JSON : MISSING_TEXT)
    this.time = new TimeFields(collector)
  }

  parts(): Part[] {
    const parts: Part[] = []
    let literal = ''
    while (this.at < this.text.length) {
      const char = this.text[this.at]
      if (char === '\\') literal += this.escape()
      else if (char !== '%') {
        literal += char
        this.at++
      } else if (this.text[this.at + 1] === '%') {
        literal += '%'
        this.at += 2
      } else {
        if (literal !== '') parts.push(asBytes(literal))
        literal = ''
        parts.push(...this.specifier())
      }
    }
    return literal === '' ? parts : [...parts, asBytes(literal)]
  }

  /** `\n`, `\t`, or the character itself. */
  private escape(): string {
    const next = this.text[this.at + 1]
    this.at += next === undefined ? 1 : 2
    return next === 'n' ? '\n' : next === 't' ? '\t' : (next ?? '\\')
  }

  private specifier(): Part[] {
    const start = this.at
    const letter = this.text[start + 1] ?? ''
    if (letter === '{') return this.braces()
    this.at = start + 2
    const found = this.plain(letter)
    if (found !== undefined) return [found]
    const shown = `%${letter}`
    if (letter === '') throw this.fault('nothing stands behind %; %% is a percent sign', start, start + 1)
    if (letter === '>' || letter === '<') throw this.fault(`${shown} is for web servers: the status is %s`, start, start + 2)
    throw this.fault(`there is no ${shown}`, start, start + 2)
  }

  private plain(letter: string): Field | undefined {
    if (letter === 't') return this.time.time()
    if (letter === 'D') return this.time.duration('us')
    return letter === 'T' ? this.time.duration('s') : this.request.letter(letter)
  }

  /** `%{...}i` and others with a name before the letter. */
  private braces(): Part[] {
    const start = this.at
    const end = this.text.indexOf('}', start)
    if (end === -1) throw this.fault('the brace is not closed', start, this.text.length)
    const name = this.text.slice(start + 2, end)
    const letter = this.text[end + 1] ?? ''
    this.at = end + 2
    switch (letter) {
      case 'i':
        return [this.request.requestHeader(asBytes(name))]
      case 'o':
        return [this.request.responseHeader(asBytes(name))]
      case 't':
        if (name === '') throw this.fault('the braces have no time format; %t is the usual one', start, end + 2)
        return [this.time.time(asBytes(name))]
      case 'T':
        return [this.duration(name, start + 2, end)]
      case 'x':
        return this.extended(name, start + 2, end)
      default:
        throw this.fault('behind the brace stands i, o, t, T or x', end + 1, end + 2)
    }
  }

  private extended(name: string, start: number, end: number): Part[] {
    if (name.startsWith('VCL_Log:')) return [this.request.ruleLog(asBytes(name.slice('VCL_Log:'.length)))]
    if (name.startsWith('VSL:')) return [this.record(name.slice('VSL:'.length), start + 'VSL:'.length, end)]
    switch (name) {
      case 'Varnish:time_firstbyte':
        return [this.request.firstByte()]
      case 'Varnish:hitmiss':
        return [this.request.hitmiss()]
      case 'Varnish:handling':
        return [this.request.handling()]
      case 'Varnish:side':
        return [this.request.side()]
      case 'Varnish:vxid':
        return [this.request.vxid()]
      case 'Varnish:default_format':
        return new FormatParser(DEFAULT_FORMAT, this.collector, this.json).parts()
      default: {
        const known = 'time_firstbyte, hitmiss, handling, side, vxid or default_format'
        throw this.fault(`there is no '${name}': give Varnish:${known}, VCL_Log:key or VSL:tag`, start, end)
      }
    }
  }

  /** `tag`, `tag:prefix`, `tag[field]` or `tag:prefix[field]`: the first record that has it. */
  private record(text: string, start: number, end: number): Field {
    const [, tag = '', prefix, number] = /^([^:[]*)(?::([^]*?))?(?:\[([^[\]]*)\])?$/.exec(text) ?? []
    const count = number === undefined ? undefined : Number(number.trim() === '' ? 'none' : number)
    if (count !== undefined && !(Number.isInteger(count) && count >= 1 && count <= FIELD_MAX))
      throw this.fault(`[${number}] is no field: give a number from 1 to ${FIELD_MAX}`, end - (number?.length ?? 0) - 2, end)
    const found = this.tag(tag, start)
    const take = count === undefined ? line : field(count)
    const key = `record ${text.toLowerCase()}`
    const at = this.collector.watch(key, 'first', { [found]: prefix === undefined ? take : behind(`${asBytes(prefix)}:`, take) })
    const { text: missing } = this.json ? MISSING_JSON : MISSING_TEXT
    return { name: text, kind: 'text', read: ({ values }) => values[at], missing }
  }

  private tag(text: string, start: number): TagName {
    const end = start + text.length
    const set = new Uint8Array(256)
    const fault = text.includes('*') ? 'is more than one tag' : addGlob(set, text)
    const name = fault === undefined ? tagName(set.indexOf(1)) : undefined
    if (name === undefined) throw this.fault(`'${text}' ${fault ?? 'matches zero tags'}; see docs/reference/log-tags.md`, start, end)
    const row: TagRow = TAGS[name]
    if (isFlagged(row) && !this.json) throw this.fault(`a ${name} record may hold any byte: ask for it with -j or --json`, start, end)
    return name
  }

  private duration(unit: string, start: number, end: number): Field {
    const found = this.time.duration(unit)
    if (found === undefined) throw this.fault(`'${unit}' is no unit: give s, ms or us`, start, end)
    return found
  }

  private fault(message: string, start: number, end: number): OperatorError {
    return formatFault(this.text, message, start, end)
  }
}

/** With the format, or what is around the place, and a mark below it. */
export function formatFault(text: string, message: string, start: number, end: number): OperatorError {
  return new OperatorError(`format: ${printable(message)}${marked(text, start, end)}`)
}
