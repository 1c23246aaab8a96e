import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** The parts of the npm package http-cache-tests that are used; it has no types of its own. */

export interface CacheTest {
  id: string
  name: string
  kind?: 'required' | 'optimal' | 'check'
  browser_only?: boolean
  depends_on?: string[]
  dump?: boolean
}

export interface Suite {
  id: string
  name: string
  tests: CacheTest[]
}

/** True, or the kind of failure and its message. */
export type RawResult = true | [kind: string, message: string]
export type RawResults = Record<string, RawResult>

type Handler = (segments: string[], request: IncomingMessage, response: ServerResponse) => void

async function load(file: string): Promise<Record<string, unknown>> {
  const url = new URL(file, import.meta.resolve('http-cache-tests/package.json'))
  return (await import(url.href)) as Record<string, unknown>
}

export async function loadSuites(): Promise<Suite[]> {
  const { default: suites } = (await load('tests/index.mjs')) as { default: Suite[] }
  return suites
}

/** Its origin, from the package's own handlers, on a free loopback port. */
export async function startOrigin(port: number): Promise<{ server: Server; port: number }> {
  const [config, state, test] = await Promise.all(['config', 'state', 'test'].map((name) => load(`server/handle-${name}.mjs`)))
  const handlers = new Map([
    ['config', config.default as Handler],
    ['state', state.default as Handler],
    ['test', test.default as Handler],
  ])
  const server = createServer((request, response) => {
    const segments = new URL(request.url ?? '/', 'http://origin').pathname.split('/').slice(1)
    const handler = handlers.get(segments.shift() ?? '')
    if (handler) handler(segments, request, response)
    else response.writeHead(404).end()
  })
  await new Promise<void>((resolve, reject) => server.on('error', reject).listen(port, '127.0.0.1', resolve))
  return { server, port: (server.address() as AddressInfo).port }
}

/** Most of a test is pauses of three seconds: with the hundred at once that the package would run they took twice as long. */
const AT_ONCE = 200

/** Runs the suites against a base URL with the package's own client, which writes into its tests and may run each only once. */
export async function runSuites(suites: Suite[], base: string): Promise<RawResults> {
  const results = (await load('client/test.mjs')).testResults as RawResults
  for (const id of Object.keys(results)) delete results[id]
  const runner = await load(`client/runner.mjs?run=${++runs}`)
  const run = runner.runTests as (suites: Suite[], fetch: unknown, browser: boolean, base: string, at_once: number) => Promise<void>
  const { default: fetch } = (await import(import.meta.resolve('node-fetch'))) as { default: unknown }
  await run(structuredClone(suites), fetch, false, base, AT_ONCE)
  return { ...results }
}

let runs = 0
