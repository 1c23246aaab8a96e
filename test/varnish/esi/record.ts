import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, get } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Varnishd } from '../varnishd.ts'
import { pages } from './pages.ts'

export const RECORD = new URL('recorded.json', import.meta.url)

/** A page, and what a client of varnishd 7.1 gets for it, where {/url} or {//host/url} is what was included. */
export type Delivered = readonly [page: string, text: string]

const HOST = 'page.example'

function rulesFor(port: number): string {
  return `vcl 4.1; backend default { .host = "127.0.0.1"; .port = "${port}"; }
sub vcl_recv { return (pass); }
sub vcl_backend_response { set beresp.do_esi = bereq.url ~ "^/a/b/page"; }`
}

/** What varnishd makes of each. */
export async function deliveredBy(list: readonly string[]): Promise<Delivered[]> {
  const origin = createServer((request, response) => {
    const [, number] = /^\/a\/b\/page\?(\d+)$/.exec(request.url ?? '') ?? []
    const { host } = request.headers
    response.end(number === undefined ? `{${host === HOST ? '' : `//${host}`}${request.url}}` : Buffer.from(list[Number(number)], 'latin1'))
  })
  await new Promise<void>((resolve) => void origin.listen(0, '127.0.0.1', resolve))
  const directory = mkdtempSync(join(tmpdir(), 'lacquer-esi-'))
  const rules = join(directory, 'rules.vcl')
  writeFileSync(rules, rulesFor((origin.address() as AddressInfo).port))
  const varnishd = await Varnishd.start(directory, rules)
  const delivered: Delivered[] = []
  for (const [i, page] of list.entries()) delivered.push([page, await answer(varnishd.port, `/a/b/page?${i}`)])
  await varnishd.stop()
  origin.close()
  rmSync(directory, { recursive: true, force: true })
  return delivered
}

function answer(port: number, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get({ port, host: '127.0.0.1', path, headers: { Host: HOST, Connection: 'close' } }, (response) => {
      let text = ''
      response.setEncoding('latin1').on('data', (chunk) => (text += String(chunk)))
      response.on('end', () => resolve(text)).on('error', reject)
    })
    request.on('error', reject)
  })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const found = await deliveredBy(pages())
  writeFileSync(RECORD, `[\n${found.map((one) => JSON.stringify(one)).join(',\n')}\n]\n`)
}
