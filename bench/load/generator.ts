import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Core, installed, LOAD_CORE, run } from './processes.ts'

export interface Load {
  readonly requests: number
  readonly seconds: number
  /** Answers that were not 2xx, and connections that broke. */
  readonly errors: number
}

export const generator = installed('wrk') ? 'wrk' : 'autocannon'

export interface LoadPlan {
  readonly port: number
  /** "/1k/a"; with `unique` each request appends a number never used before. */
  readonly path: string
  readonly unique: boolean
  readonly connections: number
  readonly seconds: number
  readonly directory: string
  /** A line of the request's head. */
  readonly field?: string
  /** Whole requests in place of `path`, one after the other. */
  readonly heads?: readonly string[]
  /** One thread, on the core of who asks, unless said otherwise. Only wrk has more. */
  readonly threads?: number
  readonly core?: Core
}

export function load(plan: LoadPlan): Promise<Load> {
  return generator === 'wrk' ? wrk(plan) : autocannon(plan)
}

const SCRIPT = `
local n = 0
request = function()
  n = n + 1
  return wrk.format("GET", PATH .. n)
end
`
/** Every connection goes on where the others are. */
const HEADS_SCRIPT = `
local n = 0
request = function()
  n = n % #heads + 1
  return heads[n]
end
`
let runs = 0

async function wrk(plan: LoadPlan): Promise<Load> {
  const { port, path, seconds, connections, threads = 1, core = LOAD_CORE } = plan
  const arguments_ = [`-t${threads}`, `-c${connections}`, `-d${seconds}s`, '--timeout', '10s']
  if (plan.field !== undefined) arguments_.push('-H', plan.field)
  if (plan.unique) {
    const script = join(plan.directory, 'unique.lua')
    writeFileSync(script, SCRIPT.replace('PATH', `"${path}-${process.pid}-${runs++}-"`))
    arguments_.push('-s', script)
  }
  if (plan.heads !== undefined) {
    const script = join(plan.directory, 'heads.lua')
    const list = plan.heads.map((head) => JSON.stringify(head)).join(',\n')
    writeFileSync(script, `local heads = {\n${list}\n}\n${HEADS_SCRIPT}`)
    arguments_.push('-s', script)
  }
  const text = await run(core, 'wrk', [...arguments_, `http://127.0.0.1:${port}${path}`], (seconds + 15) * 1000)
  const total = /(\d+) requests in ([\d.]+)(m?s|m)/.exec(text)
  if (total === null) throw new Error(`wrk said: ${text}`)
  const socket_errors = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(text)
  const errors = (socket_errors ?? []).slice(1).reduce((sum, one) => sum + Number(one), 0)
  return {
    requests: Number(total[1]),
    seconds: Number(total[2]) * (total[3] === 'm' ? 60 : 1),
    errors: errors + Number(/Non-2xx or 3xx responses: (\d+)/.exec(text)?.[1] ?? 0),
  }
}

async function autocannon(plan: LoadPlan): Promise<Load> {
  const { port, path, seconds, connections } = plan
  const program = fileURLToPath(new URL('../../node_modules/autocannon/autocannon.js', import.meta.url))
  const url = `http://127.0.0.1:${port}${path}${plan.unique ? `-${process.pid}-${runs++}-[<id>]` : ''}`
  const arguments_ = [program, '--json', '-c', String(connections), '-d', String(seconds), ...(plan.unique ? ['-I'] : [])]
  if (plan.field !== undefined) arguments_.push('-H', plan.field)
  for (const line of plan.heads?.[0].trimEnd().split('\r\n').slice(1) ?? []) arguments_.push('-H', line)
  const text = await run(LOAD_CORE, process.execPath, [...arguments_, url], (seconds + 15) * 1000)
  const result = JSON.parse(text) as { requests: { total: number }; duration: number; errors: number; non2xx: number }
  return { requests: result.requests.total, seconds: result.duration, errors: result.errors + result.non2xx }
}
