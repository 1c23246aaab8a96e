import { newBudget, type Budget, type VclRegex } from './regex.ts'

/** regsub(): the first match replaced. */
export function regsub(subject: string | undefined, regex: VclRegex, replacement: string | undefined): string {
  const text = subject ?? ''
  if (!regex.find(text, 0, false, newBudget())) return text
  const made = text.slice(0, regex.start) + expand(replacement ?? '', regex) + text.slice(regex.end)
  regex.release()
  return made
}

/** Number of matches after which the clock is looked at, each time, when the text is no longer than SHORT. */
const MATCHES_EACH = 16
const SHORT = 1024
/** After so long V8, which nothing can stop, is not asked any more. */
const V8_MS = 20

/**
 * regsuball(): every match replaced. As varnishd 7.1 does it, only the first match may be empty: the following ones
 * are searched with PCRE2_NOTEMPTY, so regsuball("abc", "x*", "-") is "-abc".
 */
export function regsuball(subject: string | undefined, regex: VclRegex, replacement: string | undefined): string {
  const text = subject ?? ''
  const template = replacement ?? ''
  const budget = newBudget()
  if (!regex.find(text, 0, false, budget)) return text
  const watch = new Watch(text.length > SHORT ? 1 : MATCHES_EACH)
  let out = ''
  let at = 0
  do {
    out += text.slice(at, regex.start) + expand(template, regex)
    at = regex.end
    watch.matched(budget)
    // The replacement may multiply the text: stop long before it hurts.
  } while (out.length <= MAX_RESULT && regex.find(text, at, true, budget))
  regex.release()
  return out + text.slice(at)
}

/** Each of V8's searches is bounded, but not how many there are. */
class Watch {
  private readonly each: number
  private matches = 0
  private started_ms = 0

  constructor(each: number) {
    this.each = each
  }

  matched(budget: Budget): void {
    if (++this.matches % this.each !== 0) return
    const now_ms = performance.now()
    if (this.matches === this.each) this.started_ms = now_ms
    else if (now_ms - this.started_ms > V8_MS) budget.is_slow = true
  }
}

const MAX_RESULT = 1 << 20

/** `\0` to `\9` are groups (missing: empty); before anything else a backslash only vanishes, at the end it stays. */
function expand(template: string, regex: VclRegex): string {
  let at = template.indexOf('\\')
  if (at < 0) return template
  let out = ''
  let from = 0
  for (; at >= 0 && at + 1 < template.length; at = template.indexOf('\\', from)) {
    out += template.slice(from, at)
    const c = template.charCodeAt(at + 1)
    out += c >= 0x30 && c <= 0x39 ? regex.group(c - 0x30) : template[at + 1]
    from = at + 2
  }
  return out + template.slice(from)
}
