/**
 * One thing is made wrong in a sound rule file, and complained about where it is: nothing that only follows from it is told elsewhere.
 *
 * Bounded in the suite; LACQUER_FUZZ_ROUNDS=100000 LACQUER_FUZZ_SEED=... for more. A failure prints the line as it was and as it is.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { tokensOf, type FormatToken } from '../../src/vcl/format/tokens.ts'
import { compileVcl } from '../../src/vcl/load.ts'
import { randomFrom } from './generate.ts'

const ROUNDS = Number(process.env['LACQUER_FUZZ_ROUNDS'] ?? 400)
const SEED = Number(process.env['LACQUER_FUZZ_SEED'] ?? 20261125)
const FOLDER = new URL('../../vcl-examples/', import.meta.url)
const FILES = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.vcl'))
  .map((name) => readFileSync(new URL(name, FOLDER), 'latin1'))

/** A missing mark is sometimes missed only where the next thing begins. */
const NEAR_LINES = 2

/** Where each token is. */
function placesOf(text: string, tokens: readonly FormatToken[]): number[] {
  let from = 0
  return tokens.map((token) => {
    const at = text.indexOf(token.text, from)
    from = at + token.text.length
    return at
  })
}

const lineAt = (text: string, at: number): number => text.slice(0, at).split('\n').length

test(`${ROUNDS} rule files in which one token is missing or another`, () => {
  const random = randomFrom(SEED)
  const next = (n: number): number => Math.floor(random() * n)
  let refused = 0
  for (let round = 0; round < ROUNDS; round++) {
    const text = FILES[next(FILES.length)]
    const tokens = tokensOf(text)!
    const i = next(tokens.length)
    const token = tokens[i]
    // Of braces nobody can tell which one was meant; comments are nothing.
    if (token.kind.endsWith('comment') || token.text === '{' || token.text === '}') continue
    const at = placesOf(text, tokens)[i]
    const damaged = text.slice(0, at) + ['', 'zz zz', ') ='][next(3)] + text.slice(at + token.text.length)
    const compiled = compileVcl(damaged, { path: 'damaged.vcl', policy: 'rfc9111', vcl_path: [], resolveHost: () => [] })
    if (compiled.ok) continue
    refused++
    const line = lineAt(text, at)
    // A name that is not there any more is used there no more.
    const gone = (code: string | undefined): boolean => code === 'unused' && token.kind === 'name'
    const elsewhere = compiled.diagnostics.filter((one) => Math.abs(one.at.line - line) > NEAR_LINES && !gone(one.code))
    const shown = `${text.split('\n')[line - 1]}\n${damaged.split('\n')[line - 1]}`
    expect(
      elsewhere.map((one) => `${one.at.line - line} ${one.message}`),
      shown,
    ).toEqual([])
  }
  expect(refused).toBeGreaterThan(ROUNDS / 2)
})
