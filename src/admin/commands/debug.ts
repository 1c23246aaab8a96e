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
function idle(request: string, syntax: string, min: number, max: number): Command {
  return { request, syntax, help: 'Of no consequence: for tests that were written for varnishd.', min, max, debug: true, run: () => '' }
}

export const DEBUG_COMMANDS: readonly Command[] = [
  {
    request: 'debug.xid',
    syntax: 'debug.xid [<xid> [<chunk>]]',
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
    run: (program) => {
      program.panicWorker()
      throw new Fault(STATUS.comms, 'CLI communication error (hdr)')
    },
  },
  idle('debug.fragfetch', 'debug.fragfetch <size>', 1, 1),
  idle('debug.reqpool.fail', 'debug.reqpool.fail <F and S letters>', 1, 1),
  idle('debug.shutdown.delay', 'debug.shutdown.delay <duration>', 1, 1),
  idle('debug.srandom', 'debug.srandom [<seed>]', 0, 1),
  idle('debug.vmod', 'debug.vmod', 0, 0),
]
