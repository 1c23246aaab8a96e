import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type CliAnswer, CliClient } from '../../../src/admin/cli/client.ts'
import { COMMANDS, FILES } from './commands.ts'

const PATIENCE_MS = 60_000

/** Starts a server that calls us (-M), says all there is to it, and ends it. What no two runs have in common is left out of the answers. */
export async function converse(start: (flags: readonly string[], directory: string) => ChildProcess): Promise<CliAnswer[]> {
  const directory = mkdtempSync(join(tmpdir(), 'lacquer-cli-'))
  for (const [name, text] of Object.entries(FILES)) writeFileSync(join(directory, name), text)
  const secret = join(directory, 'secret')
  writeFileSync(secret, 'between us\n')
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const at = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const child = start(['-a', '127.0.0.1:0', '-f', join(directory, 'base.vcl'), '-M', at, '-S', secret], directory)
  try {
    const [socket] = (await once(server, 'connection')) as [Socket]
    const { client } = await CliClient.over(socket, secret, PATIENCE_MS)
    while ((await client.ask(['status'])).body !== 'Child in state running') await new Promise((resolve) => setTimeout(resolve, 50))
    const answers: CliAnswer[] = []
    for (const { words } of COMMANDS) {
      const { status, body } = await client.ask(words.map((word) => word.replace('@', directory)))
      answers.push({ status, body: common(body, directory) })
    }
    client.close()
    return answers
  } finally {
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    await ended
    server.close()
    rmSync(directory, { recursive: true, force: true })
  }
}

/** Without times, process ids, and the directory. */
function common(text: string, directory: string): string {
  return text
    .replaceAll(directory, '@')
    .replaceAll(/\b1\d{9}(\.\d+)?/g, 'TIME')
    .replaceAll(/[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT/g, 'DATE')
}

export function varnishd(): Promise<CliAnswer[]> {
  return converse((flags, directory) =>
    spawn('varnishd', ['-F', '-j', 'none', '-n', join(directory, 'work'), '-s', 'malloc,16m', ...flags]),
  )
}
