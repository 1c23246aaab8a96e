import { afterEach, describe, expect, vi } from 'vitest'
import { Outcomes } from '../../src/flow/outcomes.ts'
import { Portion } from '../../src/vcl/runtime/portions.ts'
import type { ClientContext } from '../../src/vcl/runtime/context.ts'
import { Transaction } from '../../src/log/transaction.ts'
import type { Conversation } from '../kit/conversation.ts'
import { vtc } from '../kit/vtc.ts'
import { told } from './log/told.ts'
import { named } from './origins.ts'

const SHOP = `
  import std;
  sub vcl_recv {
    unset req.http.Proxy;
    set req.http.Host = regsub(req.http.Host, ":[0-9]+$", "");
    if (req.method == "PURGE") { if (client.ip == "192.0.2.1") { return (purge); } return (synth(405)); }
    set req.url = regsuball(req.url, "(utm_[a-z]+)=[^&]*&?", "");
    set req.url = std.querysort(req.url);
    std.log("url:" + req.url);
    if (req.http.User-Agent ~ "(?i)phone") { set req.http.X-Device = "phone"; } else { set req.http.X-Device = "desk"; }
    if (req.http.Cookie ~ "currency=") { set req.http.X-Currency = regsub(req.http.Cookie, ".*currency=([A-Z]+).*", "\\1"); }
    unset req.http.Cookie;
    set req.grace = 10s;
    return (hash);
  }
  sub vcl_hash { hash_data(req.url); hash_data(req.http.X-Currency); hash_data(req.http.X-Device); }
  sub vcl_deliver { set resp.http.Seen = req.url + " " + req.http.X-Currency + " " + req.http.X-Device + " " + req.http.Cookie + " " + req.grace; }`

interface Runs {
  run(c: ClientContext): number
}

/** What one portion runs when nothing is recalled. */
interface Inside {
  readonly body: (c: ClientContext) => number
}

function recallNothing(): void {
  vi.spyOn(Portion.prototype as Runs, 'run').mockImplementation(function (this: unknown, c: ClientContext) {
    return (this as Inside).body(c)
  })
}

/** Four browsers ask for four pages each, round after round, on one connection; one of them purges now and then. */
async function crowd(t: Conversation): Promise<string[][]> {
  // As if each request were another.
  vi.spyOn(Outcomes.prototype, 'recalls').mockReturnValue(false)
  return told(t, { origin: await named(t), vcl: SHOP }, async (c1) => {
    for (let i = 0; i < 80; i++) {
      const [page, browser] = [i % 4, (i >> 2) % 4]
      const lines = ['Host: shop:80', `User-Agent: ${browser % 2 === 0 ? 'Phone' : 'desk'} ${browser}`, 'Accept: a']
      if (browser > 0) lines.push(`Cookie: id=${browser}; currency=${'EUR USD CHF'.split(' ')[browser - 1]}`)
      if (browser === 3) lines.push('proxy: x', 'x-device: forged')
      const answer = await c1.ask(`/p${page}?z=1&utm_x=y&b=2`, {}, ...lines)
      expect(answer.field('seen')).toBe(
        `/p${page}?b=2&z=1 ${['', 'EUR', 'USD', 'CHF'][browser]} ${browser % 2 === 0 ? 'phone' : 'desk'}  10.000`,
      )
      if (i % 20 !== 19) continue
      c1.tx('PURGE /p1 HTTP/1.1', 'Host: shop')
      await c1.rx({ start: 'HTTP/1.1 405 Method Not Allowed' })
    }
  })
}

/** Nothing that hangs on the time or an id. */
function steadyLines(all: readonly string[][]): string[][] {
  return all.map((lines) => lines.filter((line) => !/^(Begin|Link|Hit|TTL|RespHeader (Age|Date|Cache-Status)|SessClose)\b/.test(line)))
}

afterEach(() => vi.restoreAllMocks())

describe('what rules have made of a URL, a cookie, a browser is recalled for the next request that has it', () => {
  vtc('with the same records, fields, keys and answers as if they had run', async (t) => {
    const recalls = vi.spyOn(Transaction.prototype, 'recall')
    const recalled = await crowd(t)
    const times = recalls.mock.calls.length
    recallNothing()
    const run = await crowd(t)
    expect(recalls.mock.calls.length).toBe(times)
    expect(times).toBeGreaterThan(100)
    expect(steadyLines(recalled)).toEqual(steadyLines(run))
  })
})
