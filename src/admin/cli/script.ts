import { OperatorError, readFault } from '../../base/errors.ts'
import { readRuleFile } from '../../base/rule-file.ts'
import { STATUS } from '../fault.ts'
import type { Program } from '../program.ts'
import { dispatch } from './dispatch.ts'
import { SyntaxFault, tokens } from './tokens.ts'

/** -I: the commands of a file, before the workers start. A line that begins with `-` may fail, one with `#` is a comment. Throws an OperatorError at the first that fails. */
export async function runScript(program: Program, path: string): Promise<void> {
  for (const [i, line] of readLines(path).entries()) {
    const where = `-I ${path}:${i + 1}`
    const words = wordsOf(line, where)
    if (words.length === 0) continue
    const { status, body } = await dispatch(program, words, true, false)
    if (status !== STATUS.ok && status !== STATUS.truncated && !line.trimStart().startsWith('-'))
      throw new OperatorError(`${where}: ${words[0]} failed (${status}): ${body.trimEnd()}`)
  }
}

function readLines(path: string): string[] {
  try {
    return readRuleFile(path).split(/\r?\n/)
  } catch (error) {
    throw new OperatorError(`-I ${path}: ${readFault(error)}`)
  }
}

function wordsOf(line: string, where: string): string[] {
  if (line.trimStart().startsWith('#')) return []
  try {
    return tokens(line.replace(/^\s*-/, ''))
  } catch (error) {
    if (error instanceof SyntaxFault) throw new OperatorError(`${where}: ${error.message}`)
    throw error
  }
}
