import { isUtf8 } from 'node:buffer'

/** How what came from outside is written, so that nobody can forge lines, or end a field before its end. */

const TEXT_PLAIN = /^[ !#-[\]-~]*$/
const SHORT: Readonly<Record<string, string>> = { '\t': '\\t', '\n': '\\n', '\v': '\\v', '\r': '\\r', '"': '\\"', '\\': '\\\\' }

/** As varnishncsa has it: `\xHH` for what is not ASCII or cannot be printed. `text` is latin1. */
export function quoteText(text: string): string {
  return TEXT_PLAIN.test(text) ? text : text.replaceAll(/[^ !#-[\]-~]/g, textEscape)
}

function textEscape(char: string): string {
  return SHORT[char] ?? `\\x${hex(char, 2)}`
}

const JSON_SHORT: Readonly<Record<string, string>> = { '\t': '\\t', '\n': '\\n', '\r': '\\r', '"': '\\"', '\\': '\\\\' }

/**
 * For within the quotes of a JSON string; latin1 like its input, so that UTF-8 passes as it is. varnishncsa -j writes a vertical tab as `\v` and bytes
 * that are no UTF-8 as they are, neither of which is JSON: here they are `\u000b` and `\u00HH`.
 */
export function quoteJson(text: string): string {
  if (TEXT_PLAIN.test(text)) return text
  return text.replaceAll(isUtf8(Buffer.from(text, 'latin1')) ? /[^ !#-[\]-\xff]/g : /[^ !#-[\]-~]/g, jsonEscape)
}

function jsonEscape(char: string): string {
  return JSON_SHORT[char] ?? `\\u${hex(char, 4)}`
}

function hex(char: string, digits: number): string {
  return char.charCodeAt(0).toString(16).padStart(digits, '0')
}
