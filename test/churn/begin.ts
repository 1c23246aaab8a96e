import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import type { TestProject } from 'vitest/node'
import type { ChurnReport } from './churn.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Where `/memory` and `/file` are answered with a report each, when it is there. */
    churn_port: number
  }
}

type Outcome = { readonly report: ChurnReport } | { readonly failure: string }

/** Has the minutes of churn begin before any test, in processes of their own: the tests that want their reports come last, and others have not waited. */
export default async function begin(project: TestProject): Promise<() => void> {
  const children = ['memory', 'file'].map((kind) => fork(fileURLToPath(new URL('minute.ts', import.meta.url)), [kind]))
  const [memory, file] = children.map(outcomeOf)
  const server = createServer(async ({ url }, response) => {
    response.end(JSON.stringify(await (url === '/file' ? file : memory)))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  project.provide('churn_port', (server.address() as AddressInfo).port)
  return () => {
    for (const child of children) child.kill()
    server.closeAllConnections()
    server.close()
  }
}

function outcomeOf(child: ChildProcess): Promise<Outcome> {
  return new Promise((resolve) => {
    child.once('message', (report) => resolve({ report: report as ChurnReport }))
    child.once('exit', (code, signal) => resolve({ failure: `the churn ended with ${code ?? signal}, without a report` }))
  })
}
