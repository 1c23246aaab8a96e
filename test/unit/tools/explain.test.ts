import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { expect, test } from 'vitest'
import { frame } from '../../../src/admin/cli/framing.ts'
import type { ExplainOptions } from '../../../src/config/command-line.ts'
import type { Terminal } from '../../../src/tools/adm.ts'
import { runExplain } from '../../../src/tools/explain.ts'

test('whoever waits for a slow origin is told what for, and then what has happened', async () => {
  let client: Socket | undefined
  const server = createServer((socket) => {
    client = socket
    socket.write(frame(200, 'banner'))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const said: string[] = []
  const errors = {
    // The origin answers when that has been said.
    write: (line: string) => {
      said.push(line)
      client!.write(frame(200, 'told'))
      return true
    },
  }
  const output = { isTTY: false, write: (bytes: Buffer) => said.push(bytes.toString()) > 0 }
  const options = {
    command: 'explain',
    at: { host: '127.0.0.1', port },
    name: undefined,
    secret: undefined,
    timeout_s: 20,
    words: ['explain', '/x'],
    json: false,
  }
  const code = await runExplain(options as ExplainOptions, { errors, output } as unknown as Terminal)
  expect([code, said]).toEqual([0, [expect.stringContaining('the request is under way'), 'told']])
  server.close()
})
