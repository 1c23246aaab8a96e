import { BroadcastChannel, isMainThread, MessageChannel, threadName } from 'node:worker_threads'

/**
 * Loaded with --import into a real instance: on SIGUSR2 its worker does what SABOTAGE says; "throw 1" is for worker 1 alone. It is how a
 * test makes a mistake happen in a thread that has none.
 */
const channel = new BroadcastChannel('saboteur')

const DEEDS: Record<string, () => void> = {
  throw: () => {
    throw new Error('sabotage')
  },
  exit: () => process.exit(3),
  linger: () => void setInterval(() => {}, 1000),
  'heap overflow': () => {
    const all: number[][] = []
    for (;;) all.push(Array.from({ length: 1000 }, (_, i) => i / 3))
  },
  /** Stands still for a second, and dies as soon as it goes on: before it looks at who has come meanwhile, and in the same turn of its loop. */
  'stall, throw': () => {
    const { port1, port2 } = new MessageChannel()
    port2.on('message', DEEDS['throw'])
    process.stderr.write('stalled\n')
    port1.postMessage('go on')
    const until_ms = performance.now() + 1000
    while (performance.now() < until_ms);
  },
  hang: () => {
    for (;;);
  },
}

// oxlint-disable-next-line unicorn/require-post-message-target-origin
if (isMainThread) process.on('SIGUSR2', () => channel.postMessage(process.env['SABOTAGE']))
// oxlint-disable-next-line unicorn/prefer-add-event-listener
else channel.onmessage = (message) => commit(String((message as { data: unknown }).data))
channel.unref()

function commit(sabotage: string): void {
  const [, deed, slot] = /^(.*?)(?: (\d+))?$/.exec(sabotage) ?? []
  if (slot === undefined || threadName === `lacquer-${slot}`) DEEDS[deed]()
}

if (process.env['SABOTAGE'] === 'stillborn 1' && threadName === 'lacquer-1') throw new Error('stillborn')
