import type { Fields } from '../../http/fields.ts'
import type { RequestHead, ResponseHead } from '../../http/message.ts'
import type { CommonContext } from '../runtime/context.ts'
import { VclFailure } from '../runtime/failure.ts'
import type { VclRegex } from '../../pattern/regex.ts'
import { regsub, regsuball } from '../../pattern/regsub.ts'
import { line } from '../runtime/values.ts'
import { define, option } from './define.ts'
import type { HeaderRef, Vmod, VmodArgument } from './vmod.ts'

type Text = string | undefined

/** As http_max_hdr's default: rules that append without end are a fault. */
const LINES_MAX = 1024

function append(c: CommonContext, { fields, name, key }: HeaderRef, value: Text): void {
  if (fields.count >= LINES_MAX) {
    c.fieldLost(name, value ?? '')
    throw new VclFailure(`header.append(): more than ${LINES_MAX} field lines`)
  }
  const text = line(value ?? '', name)
  fields.appendKeyed(name, key, text)
  c.fieldSet(fields, name, text)
}

/** Every line of the one becomes a line of the other, behind those it has. */
function copy(c: CommonContext, from: HeaderRef, to: HeaderRef): void {
  const values: string[] = []
  for (let i = from.fields.indexOf(from.key, 0); i >= 0; i = from.fields.indexOf(from.key, i + 1)) values.push(from.fields.values[i])
  for (const value of values) append(c, to, value)
}

/** An empty line matches nothing, as upstream. */
function matches(fields: Fields, i: number, regex: VclRegex): boolean {
  return fields.values[i] !== '' && regex.test(fields.values[i])
}

function get(_c: CommonContext, { fields, key }: HeaderRef, regex: VclRegex): Text {
  for (let i = fields.indexOf(key, 0); i >= 0; i = fields.indexOf(key, i + 1)) if (matches(fields, i, regex)) return fields.values[i]
  return undefined
}

function remove(c: CommonContext, { fields, key }: HeaderRef, regex: VclRegex): void {
  rewrite(c, fields, (i) =>
    fields.keys[i] === key && matches(fields, i, regex) ? undefined : { name: fields.names[i], value: fields.values[i] },
  )
}

/** Makes the lines anew, in their order; what is undefined goes, what differs is logged. */
function rewrite(c: CommonContext, fields: Fields, make: (i: number) => { name: string; value: string } | undefined): void {
  const lines = Array.from({ length: fields.count }, (_, i) => ({ name: fields.names[i], value: fields.values[i], made: make(i) }))
  for (const { name, value, made } of lines) if (made?.name !== name || made.value !== value) c.fieldUnset(fields, name, value)
  fields.clear()
  for (const { name, value, made } of lines) {
    if (made === undefined) continue
    fields.append(made.name, made.value)
    if (made.name !== name || made.value !== value) c.fieldSet(fields, made.name, made.value)
  }
}

const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
/** These frame the message: rules that could change them could make two messages of one. */
const FRAMING = ['content-length', 'transfer-encoding']

/** The whole line, name and colon included, through the substitution. */
function regsubLines(c: CommonContext, { fields }: RequestHead | ResponseHead, regex: VclRegex, replacement: Text, all: boolean): void {
  rewrite(c, fields, (i) => {
    const name = fields.names[i]
    const whole = `${name}: ${fields.values[i]}`
    if (FRAMING.includes(fields.keys[i]) || !regex.test(whole)) return { name, value: fields.values[i] }
    return lineOf((all ? regsuball : regsub)(whole, regex, replacement))
  })
}

function lineOf(text: string): { name: string; value: string } {
  const colon = text.indexOf(':')
  const name = text.slice(0, Math.max(colon, 0))
  if (!NAME.test(name)) throw new VclFailure(`header.regsub(): '${text.slice(0, 100)}' is no field line`)
  if (FRAMING.includes(name.toLowerCase())) throw new VclFailure(`header.regsub(): ${name} cannot be set`)
  return { name, value: line(text.slice(colon + 1).trim(), name) }
}

const READ: VmodArgument = { name: 'header', type: 'HEADER', reads: true }

/** Headers that are there several times. */
export const header: Vmod = {
  name: 'header',
  doc: 'Headers that are there several times, such as Set-Cookie.',
  functions: {
    append: define('VOID', ['HEADER header', 'STRANDS value'], 'Adds a line, whatever is there already.', append),
    copy: define('VOID', [{ ...READ, name: 'from' }, 'HEADER to'], 'Adds every line of the one to the other.', copy),
    get: define('STRING', [READ, 'REGEX regex'], 'The first line whose value matches; unset when none does.', get),
    remove: define('VOID', ['HEADER header', 'REGEX regex'], 'Removes the lines whose value matches.', remove),
    regsub: define(
      'VOID',
      ['HTTP http', 'REGEX regex', 'STRING sub', option('BOOL all', false)],
      'Substitutes in every line of req, resp, bereq or beresp, its name included. What is no field line afterwards fails the request.',
      regsubLines,
    ),
  },
  unsupported: {
    dyn: 'names of headers are known when the rules are loaded',
  },
}
