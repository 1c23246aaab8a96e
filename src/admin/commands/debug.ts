import { parseInteger } from '../../base/units.ts'
import { XID_CHUNK } from '../../log/writer.ts'
import { Fault, STATUS } from '../fault.ts'
import type { Command } from './command.ts'

/** For varnishtest, and for who wants to see what becomes of a dead worker. */

const XID_MAX = 2 ** 30 - 1

function xidOf(text: string): number {
  const value = parseInteger(text)
  if (value === undefined || value < 0 || value > XID_MAX) throw new Fault(STATUS.param, `Not a transaction id: ${text}`)
  return value
}

/** Of no consequence here: there is nothing behind it that could be set. */
function idle(request: string, syntax: string, min: number, max: number, differs: string): Command {
  const help = 'Of no consequence: for tests that were written for varnishd.'
  return { request, syntax, help, min, max, debug: true, differs: `Carried out without effect: ${differs}.`, run: () => '' }
}

export const DEBUG_COMMANDS: readonly Command[] = [
  {
    request: 'debug.xid',
    syntax: 'debug.xid [<xid> [<cachesize>]]',
    help: 'Show or set the next transaction id. With vsl_version=2 the one given is the last that was used.',
    min: 0,
    max: 2,
    debug: true,
    run: async (program, [given]) => `XID is ${await program.xid(given === undefined ? undefined : xidOf(given))} chunk ${XID_CHUNK}`,
  },
  {
    request: 'debug.panic.worker',
    syntax: 'debug.panic.worker',
    help: 'A worker dies, and another takes its place.',
    min: 0,
    max: 0,
    debug: true,
    differs: 'One of the workers dies, not all of them, and clients of the others notice nothing.',
    run: (program) => {
      program.panicWorker()
      throw new Fault(STATUS.comms, 'CLI communication error (hdr)')
    },
  },
  {
    request: 'debug.panic.master',
    syntax: 'debug.panic.master',
    help: 'Not here: status 102.',
    min: 0,
    max: 0,
    debug: true,
    differs: 'Refused with status 102: manager and workers are one process, which would end with all that is in memory.',
    run: () => {
      throw new Fault(STATUS.unimplemented, 'Manager and workers are one process here: it does not panic on demand.\n')
    },
  },
  idle('debug.fragfetch', 'debug.fragfetch', 1, 1, 'bodies are fetched in no fragments of a set size'),
  idle('debug.reqpool.fail', 'debug.reqpool.fail', 1, 1, 'there are no pools of requests'),
  idle('debug.shutdown.delay', 'debug.shutdown.delay', 1, 1, 'shutdown_timeout says how long the end may take'),
  idle('debug.srandom', 'debug.srandom', 0, 1, 'the random numbers of rules cannot be seeded'),
  idle('debug.vmod', 'debug.vmod', 0, 0, 'modules are part of the program, and vcl.symtab says who imports them'),
]
