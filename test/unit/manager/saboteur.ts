import { BroadcastChannel, isMainThread } from 'node:worker_threads'

/**
 * Loaded with --import into a real instance: on SIGUSR2 its worker does what SABOTAGE says. It is how a test makes a
 * mistake happen in a thread that has none.
 */
const channel = new BroadcastChannel('saboteur')

const DEEDS: Record<string, () => void> = {
  throw: () => {
    throw new Error('sabotage')
  },
  exit: () => process.exit(3),
  linger: () => void setInterval(() => {}, 1000),
  hang: () => {
    for (;;);
  },
}

// oxlint-disable-next-line unicorn/require-post-message-target-origin
if (isMainThread) process.on('SIGUSR2', () => channel.postMessage(process.env['SABOTAGE']))
// oxlint-disable-next-line unicorn/prefer-add-event-listener
else channel.onmessage = (message) => DEEDS[String((message as { data: unknown }).data)]()
channel.unref()
