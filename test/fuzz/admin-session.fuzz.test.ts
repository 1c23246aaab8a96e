import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { readHead } from '../../src/admin/cli/framing.ts'
import { Session } from '../../src/admin/cli/session.ts'
import type { Program } from '../../src/admin/program.ts'
import { defaultParameters } from '../../src/config/parameters.ts'

/**
 * Whoever reaches the admin port may send anything, in pieces of any size. What comes back is a sequence of whole answers, a connection that is closed says no
 * more, nothing is thrown, and a stranger reaches no command that is not for strangers.
 */
const reached: string[] = []
const rules = new Proxy(
  {},
  {
    get: (_, name) => () => {
      reached.push(String(name))
      return Promise.resolve('')
    },
  },
)
const program = {
  rules,
  parameters: { values: defaultParameters, set: () => Promise.resolve('now') },
  now_s: () => 1,
  state: () => 'running',
  platform: '',
  version: '',
  pid: 1,
  bans: () => [],
  ban: () => Promise.resolve(),
  panic: () => undefined,
  clearPanic: () => {},
  stores: () => [],
  backends: () => [],
  setHealth: () => Promise.resolve(0),
  listening: () => [],
} as unknown as Program

const WORDS = [
  'ping',
  'help',
  'auth',
  'vcl.load',
  'vcl.use',
  'vcl.inline',
  'param.show',
  'ban',
  'quit',
  '-j',
  '<<',
  'EOF',
  '"',
  '\\',
  '\\x4',
  '""',
  '\n',
  '\r',
  ' ',
  'é',
  '\0',
  ' HTTP/1.1',
]
const pieces = fc.array(fc.oneof(fc.constantFrom(...WORDS), fc.string({ unit: 'binary', maxLength: 8 })), { maxLength: 40 })

async function talk(text: string, cuts: readonly number[], asked: boolean): Promise<string[]> {
  const answers: string[] = []
  let ended = false
  const session = new Session({
    program,
    authority: asked ? { newChallenge: () => 'x'.repeat(32), admits: () => false } : undefined,
    limit: () => 48 * 1024,
    peer: {
      write: (answer) => {
        expect(ended).toBe(false)
        answers.push(answer)
        return true
      },
      end: () => (ended = true),
      pause: () => {},
      resume: () => {},
    },
  })
  session.greet()
  const bytes = Buffer.from(text, 'utf8').toString('latin1')
  for (let at = 0, n = 0; at < bytes.length; n++) {
    const size = cuts[n % cuts.length]
    session.take(bytes.slice(at, at + size))
    at += size
    await Promise.resolve()
  }
  for (let turn = 0; turn < 50; turn++) await Promise.resolve()
  return answers
}

test.each([false, true])('asked who he is: %s', async (asked) => {
  reached.length = 0
  await fc.assert(
    fc.asyncProperty(pieces, fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 5 }), async (words, cuts) => {
      for (const answer of await talk(words.join(''), cuts, asked)) {
        const head = readHead(answer.slice(0, 13))
        expect(answer.length).toBe(13 + (head?.length ?? NaN) + 1)
        expect(answer.endsWith('\n')).toBe(true)
      }
      if (asked) expect(reached).toEqual([])
    }),
    { numRuns: 1500 },
  )
})
