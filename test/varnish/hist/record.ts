import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { TRAFFIC } from '../log/ask.ts'
import { FRAMES, type Frame } from './frames.ts'

/** `node test/varnish/hist/record.ts`: what the installed varnishhist 7.1 draws of the recorded traffic, in terminals that tmux makes, becomes the record. */
const SOCKET = `lacquer-hist-${process.pid}`

function tmux(...args: readonly string[]): string {
  return spawnSync('tmux', ['-L', SOCKET, '-f', '/dev/null', ...args], { encoding: 'utf8' }).stdout
}

async function drawn({ profile, columns, rows }: Frame): Promise<string[]> {
  const command = `varnishhist -r '${TRAFFIC}' -B 10000 -P '${profile}'`
  tmux('new-session', '-d', '-s', 'h', '-x', String(columns), '-y', String(rows), command)
  let text = ''
  while (!text.includes('EOF')) {
    await setTimeout(500)
    text = tmux('capture-pane', '-p', '-t', 'h')
  }
  tmux('kill-session', '-t', 'h')
  // The time in the first line depends on how quickly it was read.
  return text
    .replace(/\n$/, '')
    .split('\n')
    .map((line, i) => (i === 0 ? line.replace(/ @.*/, '') : line).trimEnd())
}

const recorded: object[] = []
for (const frame of FRAMES) recorded.push({ ...frame, lines: await drawn(frame) })
writeFileSync(fileURLToPath(new URL('recorded.json', import.meta.url)), `${JSON.stringify(recorded, undefined, 1)}\n`)
