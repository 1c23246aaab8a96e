import { formatHttpDate } from '../../http/dates.ts'
import { jsonList } from '../cli/framing.ts'
import { Fault, STATUS } from '../fault.ts'
import type { Program } from '../program.ts'
import type { Command } from './command.ts'
import { DEBUG_COMMANDS } from './debug.ts'

const RULE = '-'.repeat(29)

export function banner(program: Program): string {
  const down = program.state() === 'stopped' ? `Type 'start' to launch worker process.\n` : ''
  return `${RULE}\nLacquer CLI 1.0\n${RULE}\n${program.platform}\nlacquer-${program.version}\n\nType 'help' for command list.\nType 'quit' to close CLI session.\n${down}`
}

function pidText({ pid }: Program): string {
  return `${String(pid).padStart(10)}\n`
}

function noPanic(): never {
  throw new Fault(STATUS.cant, 'Child has not panicked or panic has been cleared')
}

function panicText(program: Program): string {
  const panic = program.panic()
  return panic === undefined ? noPanic() : `Panic at: ${formatHttpDate(panic.at_s * 1000)}\n${panic.text}\n`
}

export const PROGRAM_COMMANDS: readonly Command[] = [
  {
    request: 'ping',
    syntax: 'ping [-j] [<timestamp>]',
    help: 'Keep connection alive.',
    min: 0,
    max: 1,
    open: true,
    run: (program) => `PONG ${Math.floor(program.now_s())} 1.0`,
    json: () => ' "PONG"',
  },
  {
    request: 'pid',
    syntax: 'pid [-j]',
    help: 'Show the process id.',
    differs: 'Workers are threads: master and worker have one process id.',
    min: 0,
    max: 0,
    run: (program) => `Master: ${pidText(program)}${program.state() === 'stopped' ? '' : `Worker: ${pidText(program)}`}`,
    json: ({ pid }) => `\n  ${JSON.stringify({ master: pid, worker: pid })}`,
  },
  {
    request: 'status',
    syntax: 'status [-j]',
    help: 'Check status of the workers.',
    min: 0,
    max: 0,
    run: (program) => `Child in state ${program.state()}`,
    json: (program) => ` ${JSON.stringify(program.state())}`,
  },
  {
    request: 'start',
    changes: true,
    syntax: 'start',
    help: 'Start the workers if they are stopped.',
    min: 0,
    max: 0,
    run: async (program) => {
      if (program.state() !== 'stopped') throw new Fault(STATUS.cant, `Child in state ${program.state()}`)
      await program.start()
      return ''
    },
  },
  {
    request: 'stop',
    changes: true,
    syntax: 'stop',
    help: 'Stop the workers: requests under way are finished for up to shutdown_timeout, and nothing is listened on.',
    differs: 'What is stored stays, and so do rule sets, bans and parameters; requests under way are finished first.',
    min: 0,
    max: 0,
    run: async (program) => {
      if (program.state() !== 'running') throw new Fault(STATUS.cant, `Child in state ${program.state()}`)
      await program.stop()
      return ''
    },
  },
  { request: 'banner', syntax: 'banner', help: 'Print welcome banner.', min: 0, max: 0, run: banner },
  {
    request: 'quit',
    syntax: 'quit',
    help: 'Close connection.',
    min: 0,
    max: 0,
    open: true,
    run: () => {
      throw new Fault(STATUS.close, 'Closing CLI connection')
    },
  },
  {
    request: 'panic.show',
    syntax: 'panic.show [-j]',
    help: 'Show why the last worker died that died of a mistake.',
    differs: 'The error with its stack, not that of C.',
    min: 0,
    max: 0,
    run: panicText,
    json: (program) => {
      const panic = program.panic() ?? noPanic()
      return jsonList([{ time: panic.at_s, text: panic.text }])
    },
  },
  {
    request: 'panic.clear',
    changes: true,
    syntax: 'panic.clear [-z]',
    help: 'Forget it. With -z that there was none is no failure.',
    min: 0,
    max: 1,
    run: (program, [flag]) => {
      if (flag !== undefined && flag !== '-z') throw new Fault(STATUS.param, `Unknown parameter "${flag}".`)
      if (program.panic() === undefined && flag === undefined) throw new Fault(STATUS.cant, 'No panic to clear')
      program.clearPanic(flag !== undefined)
      return ''
    },
  },
  ...DEBUG_COMMANDS,
  {
    request: 'debug.listen_address',
    syntax: 'debug.listen_address',
    help: 'Report the actual listen address.',
    min: 0,
    max: 0,
    debug: true,
    run: (program) =>
      program
        .listening()
        .map((words) => `${words.join(' ')}\n`)
        .join(''),
  },
]
