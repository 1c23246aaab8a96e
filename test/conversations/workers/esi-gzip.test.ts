import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Scene } from './scene.ts'

/** A page of gzip that one worker has stored the other joins, with fragments that either has fetched. */
const RULES = 'sub vcl_backend_response { set beresp.do_esi = bereq.url ~ "page"; set beresp.do_gzip = bereq.url ~ "zip"; }'
const PARTS = ['/plain', '/packed', '/zip', '/page/inner'] as const
const TEXT = 'some text '.repeat(3000)

let scene: Scene

beforeAll(async () => {
  scene = await Scene.open(2, RULES)
})

afterAll(async () => {
  await scene.close()
})

test('whoever has fetched what', async () => {
  scene.begin((request, response) => {
    response.setHeader('Cache-Control', 'max-age=60')
    const url = request.url ?? ''
    if (url === '/packed' || url === '/page/inner') response.setHeader('Content-Encoding', 'gzip')
    if (url === '/page/zip') response.end(PARTS.map((part) => `<esi:include src="${part}"/>`).join('-'))
    else if (url === '/packed') response.end(gzipSync(`packed ${TEXT}`))
    else if (url === '/page/inner') response.end(gzipSync('<i><esi:include src="/packed"/></i>'))
    else response.end(`${url} ${TEXT}`)
  })
  const text = [`/plain ${TEXT}`, `packed ${TEXT}`, `/zip ${TEXT}`, `<i>packed ${TEXT}</i>`].join('-')
  await scene.told(1, '/packed', 'Accept-Encoding: gzip')
  await scene.told(0, '/zip', 'Accept-Encoding: gzip')
  for (const slot of [0, 1, 0, 1]) {
    const packed = await scene.told(slot, '/page/zip', 'Accept-Encoding: gzip')
    expect(gunzipSync(Buffer.from(packed, 'latin1')).toString()).toBe(text)
    expect(await scene.told(slot, '/page/zip', 'Accept-Encoding: identity')).toBe(text)
  }
})
