import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { VarnishCompiler } from '../compiler/compiler.ts'
import { bytesOf } from '../../kit/fake-context.ts'
import { Varnishd } from '../varnishd.ts'
import { CHOSEN } from './chosen.ts'
import { expressions, REQUEST, rulesFor } from './generate.ts'

export const RECORD = new URL('recorded.json', import.meta.url)

/** An expression, and the text that varnishd 7.1 makes of it. */
export type Result = readonly [expression: string, text: string]

/** In one file of rules: what a C compiler takes in a moment. */
const CHUNK = 100

/** Those that the compiler of varnishd takes, and their values. */
export async function valuesOf(list: readonly string[]): Promise<Result[]> {
  const compiler = await VarnishCompiler.start()
  const fit: string[] = []
  for (const one of list) if ((await compiler.accepts(bytesOf(rulesFor([one])))).accepted) fit.push(one)
  await compiler.stop()
  const results: Result[] = []
  for (let at = 0; at < fit.length; at += CHUNK) results.push(...(await ask(fit.slice(at, at + CHUNK))))
  return results
}

async function ask(list: readonly string[]): Promise<Result[]> {
  const directory = mkdtempSync(join(tmpdir(), 'lacquer-results-'))
  const rules = join(directory, 'rules.vcl')
  writeFileSync(rules, rulesFor(list))
  const varnishd = await Varnishd.start(directory, rules)
  const results: Result[] = []
  for (const [i, one] of list.entries()) results.push([one, await answer(varnishd.port, i)])
  await varnishd.stop()
  rmSync(directory, { recursive: true, force: true })
  return results
}

/** Without its brackets; "FAIL" when the rules failed. */
function answer(port: number, i: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get({ port, host: '127.0.0.1', path: `/${i}`, headers: { ...REQUEST, Connection: 'close' } }, (response) => {
      response.resume()
      const value = response.headers.r
      resolve(typeof value === 'string' && response.statusCode === 200 ? value.slice(1, -1) : 'FAIL')
    })
    request.on('error', reject)
  })
}

/** npm run varnish:record: what the installed varnishd makes of them becomes the record. */
if (import.meta.main) {
  const results = await valuesOf([...CHOSEN, ...expressions(1, 1200)])
  writeFileSync(RECORD, `[\n${results.map((result) => JSON.stringify(result)).join(',\n')}\n]\n`)
}
