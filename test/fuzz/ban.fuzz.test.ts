/**
 * Ban expressions come from rules, and so from what clients send: whatever the text, it is a ban or it is refused with a sentence, and a ban
 * can be tested on any object, kept, and read again.
 *
 * Bounded in the suite; LACQUER_FUZZ_ROUNDS=1000000 LACQUER_FUZZ_SEED=... for more. A failure prints the text.
 */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { isBanned } from '../../src/cache/bans/evaluate.ts'
import { BanError, keptText, keptWords, parseBan, shownText, wordsOf } from '../../src/cache/bans/expression.ts'
import { RequestHead } from '../../src/http/message.ts'
import { head } from '../contract/store/fixtures.ts'
import { randomFrom } from './generate.ts'

const ROUNDS = Number(process.env['LACQUER_FUZZ_ROUNDS'] ?? 5000)
const SEED = Number(process.env['LACQUER_FUZZ_SEED'] ?? 20261125)

const answers = JSON.parse(readFileSync(new URL('../unit/cache/bans/varnishd.json', import.meta.url), 'utf8')) as { text: string }[]
const corpus = answers.map(({ text }) => text)

const WORDS = (
  'req.url req.http.Host req.http. obj.status obj.http.X-Line-0 obj.ttl obj.age obj.grace obj.keep obj.last_hit == != ~ !~ < <= > >= && || & = "" "a" ' +
  '200 10s -1s .5m 1e3s 99999999999y NaN Infinity ^/ $ .* (a|b) ( [ \\ (?i)x (a+)+ [^ ] \xff \0 \r \n \t é /x'
).split(' ')

function text(next: (n: number) => number): string {
  if (next(2) === 0) return Array.from({ length: next(10) }, () => WORDS[next(WORDS.length)]).join(next(5) > 0 ? ' ' : '')
  const from = corpus[next(corpus.length)]
  const at = next(from.length + 1)
  return from.slice(0, at) + WORDS[next(WORDS.length)] + from.slice(at + next(6))
}

test(`${ROUNDS} expressions that are nearly right`, () => {
  const random = randomFrom(SEED)
  const next = (n: number): number => Math.floor(random() * n)
  const req = new RequestHead()
  let bans = 0
  for (let i = 0; i < ROUNDS; i++) {
    const given = text(next)
    try {
      const words = wordsOf(given)
      const tests = parseBan(words)
      bans++
      expect(keptWords(keptText(words)), given).toEqual(words)
      expect(shownText(words).length, given).toBeGreaterThan(0)
      req.url = given.slice(0, 20)
      expect(typeof isBanned(tests, 1000, { head: head(), lastHit_ms: 0 }, req), given).toBe('boolean')
    } catch (error) {
      if (!(error instanceof BanError)) throw new Error(`${JSON.stringify(given)}: ${String(error)}`, { cause: error })
      expect(error.message.length, given).toBeGreaterThan(10)
    }
  }
  expect(bans).toBeGreaterThan(ROUNDS / 20)
})
