import type { VclRegex } from './regex.ts'

/** regsub(): the first match replaced. */
export function regsub(subject: string | undefined, regex: VclRegex, replacement: string | undefined): string {
  const text = subject ?? ''
  const match = regex.exec(text, 0, false)
  if (match === null) return text
  const made = expand(replacement ?? '', match, regex, text, false)
  return text.slice(0, match.index) + made + text.slice(match.index + match[0].length)
}

/**
 * regsuball(): every match replaced. As varnishd 7.1 does it, only the first match may be empty: the following ones
 * are searched with PCRE2_NOTEMPTY, so regsuball("abc", "x*", "-") is "-abc".
 */
export function regsuball(subject: string | undefined, regex: VclRegex, replacement: string | undefined): string {
  const text = subject ?? ''
  const template = replacement ?? ''
  let out = ''
  let at = 0
  for (let not_empty = false; ; not_empty = true) {
    const match = regex.exec(text, at, not_empty)
    if (match === null) break
    out += text.slice(at, match.index) + expand(template, match, regex, text, not_empty)
    at = match.index + match[0].length
    // The replacement may multiply the text: stop long before it hurts.
    if (out.length > MAX_RESULT) break
  }
  return at === 0 && out === '' ? text : out + text.slice(at)
}

const MAX_RESULT = 1 << 20

/** `\0` to `\9` are groups (missing: empty); before anything else a backslash only vanishes, at the end it stays. */
function expand(template: string, match: RegExpExecArray, regex: VclRegex, subject: string, not_empty: boolean): string {
  let at = template.indexOf('\\')
  if (at < 0) return template
  let out = ''
  let from = 0
  for (; at >= 0 && at + 1 < template.length; at = template.indexOf('\\', from)) {
    out += template.slice(from, at)
    const c = template.charCodeAt(at + 1)
    out += c >= 0x30 && c <= 0x39 ? regex.captured(match, c - 0x30, subject, not_empty) : template[at + 1]
    from = at + 2
  }
  return out + template.slice(from)
}
