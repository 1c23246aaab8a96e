import type {
  AclEntry,
  AclFlag,
  Attribute,
  AttributeValue,
  Declaration,
  InlineProbe,
  IntLiteral,
  StringLiteral,
  VclFile,
  VclVersion,
} from '../ast.ts'
import { didYouMean } from '../diagnostic.ts'
import type { Cursor } from './cursor.ts'
import { parseBlob, parseInt10, parseNumber, parsePath, parseString } from './expressions.ts'
import { atDeclaration, recover, skipDeclaration, skipStatement, unclosed } from './recovery.ts'
import { parseBlock } from './statements.ts'
import { DECLARATIONS, GONE_DECLARATIONS } from './words.ts'

/** The whole file. What is wrong in a declaration is told, and the next one read. */
export function parseFile(c: Cursor): VclFile | undefined {
  let version: VclVersion | undefined
  const declarations: Declaration[] = []
  while (c.kind !== 'end') {
    const first = c.i
    try {
      if (c.kind === 'name' && c.word() === 'vcl') {
        const read = parseVersion(c)
        version ??= read
      } else declarations.push(parseDeclaration(c))
    } catch (thrown) {
      recover(c, thrown, first, skipDeclaration)
    }
  }
  // Where it is missing, and that has been told, the rest is read as what was assumed.
  if (version === undefined && c.main_syntax !== 0) version = { at: c.tokens.place(0, 0), syntax: c.main_syntax }
  if (version === undefined) return undefined
  return { kind: 'file', at: c.tokens.place(0, c.tokens.text.length), version, declarations }
}

/** `vcl 4.1;` A later one (of an included file) may lower the version, never raise it. */
function parseVersion(c: Cursor): VclVersion {
  const start = c.start
  c.i++
  if (c.kind !== 'number') {
    c.wanted('a version (4.0 or 4.1)')
    c.fail()
  }
  const raw = c.word()
  const syntax = raw === '4.0' ? 40 : raw === '4.1' ? 41 : undefined
  if (syntax === undefined) return c.refuse(c.here(), `VCL version ${raw} is not supported`, 'use vcl 4.0; or vcl 4.1;')
  if (c.main_syntax === 0) c.main_syntax = syntax
  if (syntax > c.main_syntax) c.refuse(c.here(), `VCL version ${raw} is higher than that of the main file`, 'raise it in the main file')
  c.i++
  c.need(';', "';'")
  return { at: c.since(start), syntax }
}

function parseDeclaration(c: Cursor): Declaration {
  const start = c.start
  if (c.kind === 'inline_c') {
    c.i++
    return { kind: 'inline_c', at: c.since(start) }
  }
  if (c.kind !== 'name') {
    c.wanted('a declaration')
    c.wanted('end of file')
    c.fail()
  }
  const word = c.word()
  switch (word) {
    case 'sub':
      return parseSub(c)
    case 'acl':
      return parseAcl(c)
    case 'backend':
      return parseBackend(c)
    case 'probe':
      return parseProbe(c)
    case 'import':
      return parseImport(c)
    case 'unused':
      return parseUnused(c)
    case 'include':
      return c.refuse(c.here(), 'include is not followed by a file name', 'include "file.vcl";')
    default:
      return unknownDeclaration(c, word)
  }
}

function unknownDeclaration(c: Cursor, word: string): never {
  const gone = Object.hasOwn(GONE_DECLARATIONS, word) ? GONE_DECLARATIONS[word] : undefined
  const hint = gone ?? didYouMean(word, DECLARATIONS) ?? `declarations: ${DECLARATIONS.join(', ')}`
  return c.refuse(c.here(), `unknown declaration '${word}'`, hint)
}

const NAME = 'a name'
const SEMICOLON = "';'"

function parseSub(c: Cursor): Declaration {
  const start = c.start
  c.i++
  const name = c.name(NAME)
  const body = parseBlock(c)
  return { kind: 'sub', at: c.since(start), name, body }
}

function parseUnused(c: Cursor): Declaration {
  const start = c.start
  c.i++
  const name = c.name(NAME)
  c.need(';', SEMICOLON)
  return { kind: 'unused', at: c.since(start), name }
}

function parseImport(c: Cursor): Declaration {
  const start = c.start
  c.i++
  const name = c.name('the name of a module')
  const alias = takeWord(c, 'as') ? c.name(NAME) : undefined
  const from = takeWord(c, 'from') ? parseString(c) : undefined
  c.need(';', SEMICOLON)
  return { kind: 'import', at: c.since(start), name, alias, from }
}

function takeWord(c: Cursor, word: string): boolean {
  if (c.kind === 'name' && c.word() === word) {
    c.i++
    return true
  }
  c.wanted(`'${word}'`)
  return false
}

/** `{ item… }`, each item with its own errors. */
function parseItems<T>(c: Cursor, what: string, parse: (c: Cursor) => T): T[] {
  const open = c.i
  const items: T[] = []
  c.need('{', "'{'")
  while (c.kind !== '}') {
    if (c.kind === 'end' || atDeclaration(c)) {
      unclosed(c, open)
      return items
    }
    const first = c.i
    try {
      c.wanted("'}'")
      c.wanted(what)
      items.push(parse(c))
    } catch (thrown) {
      recover(c, thrown, first, skipStatement)
    }
  }
  c.i++
  return items
}

function parseAcl(c: Cursor): Declaration {
  const start = c.start
  c.i++
  const name = c.name(NAME)
  const flags: AclFlag[] = []
  while (isFlag(c)) flags.push(parseFlag(c))
  c.wanted('a flag (+name or -name)')
  const entries = parseItems(c, 'an address ("10.0.0.0"/8;)', parseEntry)
  return { kind: 'acl', at: c.since(start), name, flags, entries }
}

/** A sign and, without a blank, a name. */
function isFlag(c: Cursor): boolean {
  const { tokens, i } = c
  return (c.kind === '+' || c.kind === '-') && tokens.kinds[i + 1] === 'name' && tokens.ends[i] === tokens.starts[i + 1]
}

function parseFlag(c: Cursor): AclFlag {
  const start = c.start
  const { on, name } = takeFlag(c)
  const args: { on: boolean; name: string }[] = []
  if (c.take('(', "'('")) {
    do {
      if (!isFlag(c)) {
        c.wanted('a flag (+name or -name)')
        c.fail()
      }
      args.push(takeFlag(c))
    } while (c.take(',', "','"))
    c.need(')', "')'")
  }
  return { at: c.since(start), on, name, arguments: args }
}

function takeFlag(c: Cursor): { on: boolean; name: string } {
  const on = c.kind === '+'
  c.i++
  const name = c.word()
  c.i++
  return { on, name }
}

function parseEntry(c: Cursor): AclEntry {
  const start = c.start
  const not = c.kind === '!'
  if (not) c.i++
  if (!isAddress(c)) c.fail()
  const { negated, optional, address, mask } = parseAddress(c)
  c.need(';', SEMICOLON)
  return { negated: not || negated, optional, address, mask, at: c.since(start) }
}

/** Neither a bracket nor a string: the caller has said what it wants. */
function isAddress(c: Cursor): boolean {
  return c.is('(') || c.is('string')
}

function parseAddress(c: Cursor): { negated: boolean; optional: boolean; address: StringLiteral; mask: IntLiteral | undefined } {
  if (c.kind !== '(') return { negated: false, optional: false, address: parseString(c), mask: parseMask(c) }
  c.i++
  const negated = c.is('!')
  if (negated) c.i++
  const found = { negated, optional: true, address: parseString(c), mask: parseMask(c) }
  c.need(')', "')'")
  return found
}

function parseMask(c: Cursor): IntLiteral | undefined {
  return c.take('/', "'/'") ? parseInt10(c) : undefined
}

const ATTRIBUTE = 'an attribute (.name = value;)'

function parseBackend(c: Cursor): Declaration {
  const start = c.start
  c.i++
  const name = c.name(NAME)
  if (c.kind === 'name' && c.word().toLowerCase() === 'none') {
    c.i++
    c.need(';', SEMICOLON)
    return { kind: 'backend', at: c.since(start), name, none: true, attributes: [] }
  }
  const attributes = parseItems(c, ATTRIBUTE, parseAttribute)
  return { kind: 'backend', at: c.since(start), name, none: false, attributes }
}

function parseProbe(c: Cursor): Declaration {
  const start = c.start
  c.i++
  const name = c.name(NAME)
  const attributes = parseItems(c, ATTRIBUTE, parseAttribute)
  return { kind: 'probe', at: c.since(start), name, attributes }
}

function parseAttribute(c: Cursor): Attribute {
  const start = c.start
  if (c.kind !== '.') c.fail()
  c.i++
  const name = c.name('the name of an attribute')
  c.need('=', "'='")
  if (c.is('{')) {
    const value = parseInlineProbe(c)
    return { at: c.since(start), name, value }
  }
  const value = parseAttributeValue(c)
  c.need(';', SEMICOLON)
  return { at: c.since(start), name, value }
}

function parseInlineProbe(c: Cursor): InlineProbe {
  const start = c.start
  const attributes = parseItems(c, ATTRIBUTE, parseAttribute)
  return { kind: 'probe_block', at: c.since(start), attributes }
}

function parseAttributeValue(c: Cursor): AttributeValue {
  const start = c.start
  switch (c.kind) {
    case 'number':
      return parseNumber(c) as AttributeValue
    case 'blob':
      return parseBlob(c)
    case 'name':
      return parsePath(c, NAME)
    case 'string': {
      const items = [parseString(c)]
      while (c.kind === 'string') items.push(parseString(c))
      return items.length === 1 ? items[0] : { kind: 'strings', at: c.since(start), items }
    }
    default:
      c.wanted('a string')
      c.wanted('a number')
      c.wanted(NAME)
      return c.fail()
  }
}
