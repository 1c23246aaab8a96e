import { beforeAll, describe, expect } from 'vitest'
import { boundBacktracking } from '../../src/pattern/regex.ts'
import { startCache } from '../kit/cache.ts'
import { vtc } from '../kit/vtc.ts'
import { numbered } from './origins.ts'

beforeAll(boundBacktracking)

const EVIL = `/${'a'.repeat(6000)}!`
/** Of the processor; measured: 30 ms. */
const BOUND_MS = 1000

const RULES = `import cookie;
sub vcl_recv {
  if (req.http.X-By == "~" && req.url ~ "^/(?=a)(a+)+$") { return (pass); }
  if (req.http.X-By == "linear" && req.url ~ "(?i)^/(a+)+$") { return (pass); }
  if (req.http.X-By == "regsub") { set req.url = regsub(req.url, "(?=a)(a+)+$", ""); }
  if (req.http.X-By == "regsuball") { set req.url = regsuball(req.url, "(?<!x)(a|a)*c", ""); }
  if (req.http.X-By == "vmod") {
    cookie.parse(regsub(req.url, "^/", "") + "=1");
    cookie.filter_re("^(?=a)(a+)+$");
  }
}`

describe('a pattern that would take for ever', () => {
  vtc('fails the rules of that request, says so in the log, and the worker goes on', async (t) => {
    const v1 = t.cache(await startCache({ origin: await numbered(t), vcl: RULES }))
    for (const by of ['~', 'regsub', 'regsuball', 'vmod']) {
      const c = await t.connect(by, v1)
      const before = process.cpuUsage()
      await c.ask(EVIL, { status: 503 }, `X-By: ${by}`)
      expect(process.cpuUsage(before).user / 1000).toBeLessThan(BOUND_MS)
    }
    const errors = v1.log().filter(({ tag }) => tag === 'VCL_Error')
    const places = errors.map(
      ({ text }) => /^regex ".*" given up: more steps than pcre2_match_limit allows \(.*:(\d+:\d+)\)$/.exec(text)?.[1],
    )
    expect(places.map((place) => place?.replace(/^\d+/, 'line'))).toEqual(['line:3', 'line:36', 'line:39', 'line:5'])
    const c1 = await t.connect('c1', v1)
    await c1.ask('/', { status: 200 })
  })

  vtc('is answered where V8’s linear engine takes it', async (t) => {
    const v1 = t.cache(await startCache({ origin: await numbered(t), vcl: RULES }))
    const c1 = await t.connect('c1', v1)
    await c1.ask(EVIL, { status: 200 }, 'X-By: linear')
  })
})
