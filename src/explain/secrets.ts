import type { Entry, Explanation } from './contract.ts'

/** Fields whose values are somebody's, and not for a terminal or a ticket. */
const SECRET_FIELDS = new Set(['authorization', 'proxy-authorization', 'cookie', 'set-cookie', 'x-api-key', 'x-auth-token'])
/** What is shorter is no secret, and found everywhere. */
const SECRET_CHARS_MIN = 6
const SHOWN_CHARS = 3

/** The same explanation, with the values of such fields shortened wherever they are found: in records, in what rules make of them, in keys. */
export function withoutSecrets(told: Explanation): Explanation {
  const secrets = secretsOf(told)
  if (secrets.length === 0) return told
  // Alternatives are tried in their order, at each place.
  const any = new RegExp(secrets.map((secret) => RegExp.escape(secret)).join('|'), 'g')
  const clean = (text: string): string => text.replace(any, shortened)
  return {
    ...told,
    request: clean(told.request),
    transactions: told.transactions.map((one) => ({ ...one, entries: one.entries.map((entry) => cleaned(entry, clean)) })),
  }
}

/** The longest first: one may be part of another. */
function secretsOf({ transactions }: Explanation): string[] {
  const found = new Set<string>()
  for (const { entries } of transactions) {
    for (const entry of entries) {
      if (entry.is !== 'record' || !/(?:Header|Unset)$/.test(entry.tag)) continue
      const colon = entry.text.indexOf(':')
      const name = entry.text.slice(0, Math.max(0, colon)).toLowerCase()
      if (SECRET_FIELDS.has(name)) for (const part of parts(name, entry.text.slice(colon + 1).trim())) found.add(part)
    }
  }
  return [...found].filter((part) => part.length >= SECRET_CHARS_MIN).sort((a, b) => b.length - a.length)
}

/** What of a value is secret: each cookie's value, the credentials behind their scheme. */
function parts(name: string, value: string): string[] {
  if (name === 'cookie') return value.split(';').map(valueOf)
  if (name === 'set-cookie') return [valueOf(value.split(';', 1)[0])]
  const space = value.indexOf(' ')
  return [space < 0 ? value : value.slice(space + 1).trim()]
}

function valueOf(pair: string): string {
  return pair.slice(pair.indexOf('=') + 1).trim()
}

function shortened(secret: string): string {
  return `${secret.slice(0, SHOWN_CHARS)}...(${secret.length} characters)`
}

function cleaned(entry: Entry, clean: (text: string) => string): Entry {
  if (entry.is === 'record') return { ...entry, text: clean(entry.text) }
  if (entry.is === 'rule') return typeof entry.value === 'string' ? { ...entry, value: clean(entry.value) } : entry
  const facts = Object.entries(entry.facts).map(([name, value]) => [name, cleanedFact(value, clean)] as const)
  return { ...entry, text: entry.text.map(clean), facts: Object.fromEntries(facts) }
}

function cleanedFact<F>(value: F, clean: (text: string) => string): F | string | string[] {
  if (typeof value === 'string') return clean(value)
  return Array.isArray(value) ? value.map((part: string) => clean(part)) : value
}
