import { nearest } from '../../base/nearest.ts'
import { messageOf } from '../../base/errors.ts'
import type { Command } from '../commands/command.ts'
import { COMMANDS, UNKNOWN } from '../commands/table.ts'
import { Fault, STATUS, type Status } from '../fault.ts'
import type { Program } from '../program.ts'
import { envelope } from './framing.ts'

export interface Answer {
  readonly status: Status
  readonly body: string
}

const BY_NAME = new Map(COMMANDS.map((command) => [command.request, command]))

/** Carries out one command, whatever becomes of it. `words` are not empty. `told`: in the operations log. */
export async function dispatch(program: Program, words: readonly string[], authenticated: boolean, told = true): Promise<Answer> {
  const command = BY_NAME.get(words[0])
  if (command === undefined || (!authenticated && !command.open)) return authenticated ? unknown(words[0]) : refused()
  program.transcript?.read(words)
  const answer = await answerOf(program, command, words)
  program.transcript?.wrote(answer.status, answer.body)
  if (told && command.changes) program.operated?.(inShort(words), answer.status === STATUS.ok ? undefined : reasonOf(answer.body))
  if (authenticated) program.beforeAnswer?.()
  return answer
}

async function answerOf(program: Program, command: Command, words: readonly string[]): Promise<Answer> {
  try {
    return { status: STATUS.ok, body: await carriedOut(program, command, words) }
  } catch (error) {
    if (error instanceof Fault) return { status: error.status, body: error.message }
    return { status: STATUS.cant, body: messageOf(error) }
  }
}

/** A command as the operations log has it: a rule text is not told in full. */
const WORD_CHARS_MAX = 60
const WORDS_MAX = 8

function inShort(words: readonly string[]): string {
  const shown = words.slice(0, WORDS_MAX).map((word) => {
    const line = firstLine(word)
    return line.length < word.length || line.length > WORD_CHARS_MAX ? `${line.slice(0, WORD_CHARS_MAX)}...` : word
  })
  return `${shown.join(' ')}${words.length > WORDS_MAX ? ' ...' : ''}`
}

/** The first line; with the next, where it announces that. */
function reasonOf(body: string): string {
  const [first, next = ''] = body.trim().split('\n', 2)
  return first.endsWith(':') ? `${first} ${next}` : first
}

function firstLine(text: string): string {
  return text.trimStart().split('\n', 1)[0]
}

async function carriedOut(program: Program, command: Command, words: readonly string[]): Promise<string> {
  const json = words[1] === '-j'
  const args = words.slice(json ? 2 : 1)
  if (json && command.json === undefined) throw new Fault(STATUS.unimplemented, 'JSON unimplemented\n')
  if (args.length < command.min) throw new Fault(STATUS.too_few, 'Too few parameters\n')
  if (args.length > command.max) throw new Fault(STATUS.too_many, 'Too many parameters\n')
  if (!json || command.json === undefined) return command.run(program, args)
  return envelope(command.json_version ?? 2, words, program.now_s(), await command.json(program, args))
}

/** As to somebody who is to prove who he is. */
function refused(): Answer {
  return { status: STATUS.auth, body: 'Authentication required.\n' }
}

function unknown(word: string): Answer {
  if (/^[A-Z]/.test(word)) return { status: STATUS.unknown, body: `${UNKNOWN}all commands are in lower-case.\n` }
  const meant = nearest(word, BY_NAME.keys())
  return { status: STATUS.unknown, body: meant === undefined ? UNKNOWN : `${UNKNOWN}Did you mean ${meant}?\n` }
}
