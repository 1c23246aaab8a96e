import { Dispatcher, GroupOutput } from './dispatcher.ts'
import { FileSource } from './file-source.ts'
import { LiveReading, turn } from './live.ts'
import type { Deliver, Ended, ReadHooks, ReadOptions } from './options.ts'

/**
 * Reads the log and hands out each group that is wanted, until the end of what there is, or for ever. A group and what is in it is valid until
 * `deliver` returns. Throws an OperatorError when there is nothing to read from.
 */
export async function readTransactions(options: ReadOptions, hooks: ReadHooks, deliver: Deliver): Promise<Ended> {
  const output = new GroupOutput(options, hooks, deliver)
  if (!('file' in options.place)) return new LiveReading(options.place, options, hooks, output).run()
  const source = new FileSource(options.place.file, options.timeout_s === 0)
  hooks.begun?.()
  try {
    return await readFile(source, new Dispatcher(source, options, hooks, output), hooks)
  } finally {
    source.close()
  }
}

async function readFile(source: FileSource, dispatcher: Dispatcher, hooks: ReadHooks): Promise<Ended> {
  for (;;) {
    const state = dispatcher.run()
    if (state === 'enough') return 'enough'
    if (state === 'damaged') hooks.complain(source.fault)
    if (state !== 'some') return 'end'
    if (hooks.flushAsked?.() === true && !dispatcher.flush()) return 'enough'
    hooks.progress?.(source.read_bytes, source.total_bytes)
    await turn()
    if (hooks.stop?.aborted === true) return 'stopped'
  }
}
