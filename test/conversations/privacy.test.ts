import { describe, expect } from 'vitest'
import { startCache } from '../kit/cache.ts'
import type { Client } from '../kit/client.ts'
import type { Conversation } from '../kit/conversation.ts'
import type { OriginScript } from '../kit/origin.ts'
import { vtc } from '../kit/vtc.ts'
import { crowd } from './parked.ts'

/** What is one user's, in the corners that a crowd (privacy-crowd.test.ts) seldom comes to. */

const ALICE = 'Authorization: Bearer alice'
const BOB = 'Authorization: Bearer bob'

/** Cookies, secrets and bodies of somebody. */
function own(user: string): string[] {
  return [`X-Secret: ${user}`, `Set-Cookie: sid=${user}`]
}

async function clients(
  t: Conversation,
  script: (s: OriginScript) => Promise<void>,
  vcl = '',
  params = {},
): Promise<[Client, Client, Client, (ms: number) => void]> {
  const v1 = t.cache(await startCache({ origin: await t.origin('s1', script), vcl, params }))
  return [await t.connect('alice', v1), await t.connect('bob', v1), await t.connect('carol', v1), (ms) => v1.advance(ms)]
}

describe('a 304 to one user', () => {
  vtc('who sent credentials: its fields are for that one, and what was stored stays as it was', async (t) => {
    const [alice, bob, carol, advance] = await clients(t, async (s) => {
      await s.rx()
      s.answer('page', 'Cache-Control: max-age=1', 'ETag: "1"')
      await s.rx({ fields: { Authorization: 'Bearer bob', 'If-None-Match': '"1"' } })
      s.tx('HTTP/1.1 304 Not Modified', 'Cache-Control: max-age=60', 'ETag: "1"', 'X-Secret: bob')
      await s.rx({ fields: { Authorization: undefined } })
      s.answer('new page', 'Cache-Control: max-age=60')
    })
    await alice.ask('/', { body: 'page' })
    advance(5000)
    await bob.ask('/', { body: 'page', fields: { 'X-Secret': 'bob' } }, BOB)
    await carol.ask('/', { body: 'new page', fields: { 'X-Secret': undefined } })
  })

  vtc('that sets a cookie and says that nothing is to be kept: nobody else gets it', async (t) => {
    const [alice, bob, carol, advance] = await clients(t, async (s) => {
      await s.rx()
      s.answer('page', 'Cache-Control: max-age=1', 'ETag: "1"')
      await s.rx()
      s.tx('HTTP/1.1 304 Not Modified', 'Cache-Control: private', 'ETag: "1"', ...own('bob'))
      await s.rx()
      s.answer('new page', 'Cache-Control: max-age=60')
    })
    await alice.ask('/', { body: 'page' })
    advance(5000)
    await bob.ask('/', { body: 'page', fields: { 'X-Secret': 'bob', 'Set-Cookie': 'sid=bob' } })
    await carol.ask('/', { body: 'new page', fields: { 'X-Secret': undefined, 'Set-Cookie': undefined } })
  })

  vtc('that sets a cookie and says nothing of it: what was said of the page does not hold for the cookie', async (t) => {
    const [alice, bob, carol, advance] = await clients(t, async (s) => {
      await s.rx()
      s.answer('page', 'Cache-Control: max-age=1', 'ETag: "1"')
      await s.rx()
      s.tx('HTTP/1.1 304 Not Modified', 'ETag: "1"', 'Set-Cookie: sid=bob')
    })
    await alice.ask('/', { body: 'page' })
    advance(5000)
    await bob.ask('/', { body: 'page', fields: { 'Set-Cookie': 'sid=bob' } })
    await carol.ask('/', { body: 'page', fields: { Age: '0', 'Set-Cookie': undefined } })
  })

  vtc('that brings a field which private="..." lists: the next one does not see it', async (t) => {
    const lines = ['Cache-Control: max-age=1, private="X-Secret, Set-Cookie"', 'ETag: "1"']
    const [alice, bob, carol, advance] = await clients(t, async (s) => {
      await s.rx()
      s.answer('page', ...lines, ...own('alice'))
      await s.rx({ fields: { 'If-None-Match': '"1"' } })
      s.tx('HTTP/1.1 304 Not Modified', ...lines, ...own('bob'))
    })
    await alice.ask('/', { body: 'page', fields: { 'X-Secret': 'alice', 'Set-Cookie': 'sid=alice' } })
    advance(5000)
    await bob.ask('/', { body: 'page', fields: { 'X-Secret': 'bob', 'Set-Cookie': 'sid=bob' } })
    await carol.ask('/', { body: 'page', fields: { Age: '0', 'X-Secret': undefined, 'Set-Cookie': undefined } })
  })

  vtc('that makes it vary: who has another cookie is not answered with it', async (t) => {
    const [alice, bob, carol, advance] = await clients(t, async (s) => {
      await s.rx()
      s.answer('page', 'Cache-Control: max-age=1', 'ETag: "1"')
      await s.rx()
      s.tx('HTTP/1.1 304 Not Modified', 'Cache-Control: max-age=60', 'ETag: "1"', 'Vary: Cookie')
      await s.rx({ fields: { Cookie: 'sid=carol' } })
      s.answer('for carol', 'Cache-Control: max-age=60', 'Vary: Cookie')
    })
    await alice.ask('/', { body: 'page' }, 'Cookie: sid=alice')
    advance(5000)
    await bob.ask('/', { body: 'page' }, 'Cookie: sid=bob')
    await carol.ask('/', { body: 'for carol' }, 'Cookie: sid=carol')
    await bob.ask('/', { body: 'page', fields: { Age: '0' } }, 'Cookie: sid=bob')
  })
})

describe('who waited for another’s response', () => {
  vtc('does not get the fields that are for the one who asked', async (t) => {
    const v1 = t.cache(
      await startCache(
        await t.origin('s1', async (s) => {
          const first = await s.rx()
          await t.until('four wait', () => v1.counters().busy_sleep === 4)
          first.answer('page', 'Cache-Control: max-age=60, private="X-Secret, Set-Cookie"', ...own('first'))
        }),
      ),
    )
    const [first, ...others] = await crowd(t, v1, 5)
    await first.rx({ body: 'page', fields: { 'X-Secret': 'first', 'Set-Cookie': 'sid=first' } })
    for (const other of others) await other.rx({ body: 'page', fields: { 'X-Secret': undefined, 'Set-Cookie': undefined } })
  })

  vtc('with credentials of his own is asked for himself', async (t) => {
    const v1 = t.cache(
      await startCache(
        await t.origin('s1', async (s) => {
          const first = await s.rx()
          await t.until('two wait', () => v1.counters().busy_sleep === 2)
          first.answer('0', 'Cache-Control: max-age=60')
          for (const other of [await s.rx(), await s.rx()])
            other.answer(other.request.field('authorization') ?? '', 'Cache-Control: max-age=60')
        }),
      ),
    )
    const [first, second, third] = await crowd(t, v1, 3, (i) => [`Authorization: ${i}`])
    await first.rx({ body: '0' })
    await second.rx({ body: '1' })
    await third.rx({ body: '2' })
    expect(v1.counters().cache_hit).toBe(0)
  })

  vtc('for an error that is for one: gets his own', async (t) => {
    const v1 = t.cache(
      await startCache({
        origin: await t.origin('s1', async (s) => {
          for (let i = 0; i < 3; i++) {
            await s.rx()
            if (i === 0) await t.until('two wait', () => v1.counters().busy_sleep === 2)
            s.close()
          }
        }),
        vcl: `sub vcl_backend_error {
          set beresp.http.Cache-Control = "private";
          set beresp.body = bereq.http.Authorization;
          return (deliver);
        }`,
      }),
    )
    for (const [i, client] of (await crowd(t, v1, 3, (n) => [`Authorization: ${n}`])).entries())
      await client.rx({ status: 503, body: String(i) })
  })
})

describe('what is stale or partial', () => {
  vtc('an error in place of it is for the one who asked; the next one gets what was shared', async (t) => {
    const [alice, bob, carol, advance] = await clients(t, async (s) => {
      await s.rx()
      s.answer('page', 'Cache-Control: public, max-age=1', 'ETag: "1"')
      await s.rx()
      s.answer('secret of bob', 'HTTP/1.1 404 Not Found', 'Cache-Control: private', ...own('bob'))
      await s.rx({ fields: { Authorization: undefined } })
      s.answer('new page', 'Cache-Control: public, max-age=60')
    })
    await alice.ask('/', { body: 'page' }, ALICE)
    advance(5000)
    await bob.ask('/', { status: 404, body: 'secret of bob' }, BOB)
    await carol.ask('/', { body: 'new page', fields: { 'X-Secret': undefined } })
  })

  vtc('a part of somebody’s is nobody else’s part', async (t) => {
    const part = (user: string): string[] => [
      'HTTP/1.1 206 Partial Content',
      'Cache-Control: max-age=60',
      'ETag: "1"',
      'Content-Range: bytes 0-4/10',
      `X-Secret: ${user}`,
    ]
    const [alice, bob] = await clients(t, async (s) => {
      await s.rx({ fields: { Authorization: 'Bearer alice' } })
      s.answer('alice', ...part('alice'))
      await s.rx({ fields: { Authorization: 'Bearer bob' } })
      s.answer('bobby', ...part('bob'))
    })
    await alice.ask('/', { status: 206, body: 'alice' }, ALICE, 'Range: bytes=0-4')
    await bob.ask('/', { status: 206, body: 'bobby', fields: { 'X-Secret': 'bob' } }, BOB, 'Range: bytes=0-4')
  })

  vtc('HEAD shows no more of it than GET', async (t) => {
    const [alice, bob] = await clients(t, async (s) => {
      await s.rx()
      s.answer('page', 'Cache-Control: max-age=60, private="X-Secret, Set-Cookie"', 'ETag: "1"', ...own('alice'))
    })
    await alice.ask('/', { body: 'page', fields: { 'X-Secret': 'alice' } })
    bob.request('HEAD', '/')
    await bob.rxForHead({ status: 200, fields: { 'X-Secret': undefined, 'Set-Cookie': undefined } })
    await bob.ask('/', { status: 304, fields: { 'X-Secret': undefined, 'Set-Cookie': undefined } }, 'If-None-Match: "1"')
    await bob.ask('/', { status: 206, body: 'pa', fields: { 'X-Secret': undefined, 'Set-Cookie': undefined } }, 'Range: bytes=0-1')
  })
})

describe('rules', () => {
  const KEEP = 'sub vcl_backend_response { set beresp.ttl = 1h; set beresp.grace = 1h; return (deliver); }'
  const rows: [what: string, request: string[], response: string[]][] = [
    ['private', [], ['Cache-Control: private']],
    ['private in a line of its own', [], ['Cache-Control: max-age=60', 'Cache-Control: private']],
    ['no-store', [], ['Cache-Control: no-store']],
    ['a cookie', [], ['Set-Cookie: sid=1']],
    ['an answer to credentials', [ALICE], ['Cache-Control: max-age=60']],
    ['what varies by anything', [], ['Vary: Accept, *']],
  ]
  for (const [what, request, response] of rows) {
    vtc(`a ttl and a grace of theirs do not share ${what}`, async (t) => {
      const [alice, bob] = await clients(
        t,
        async (s) => {
          await s.rx()
          s.answer('1', ...response)
          await s.rx()
          s.answer('2', ...response)
        },
        KEEP,
      )
      await alice.ask('/', { body: '1' }, ...request)
      await bob.ask('/', { body: '2' })
    })
  }

  vtc('a restart begins anew with the same user', async (t) => {
    const [alice, bob] = await clients(
      t,
      async (s) => {
        await s.forever(async () => {
          const { request } = await s.rx()
          s.answer(request.field('authorization') ?? 'nobody', 'Cache-Control: max-age=60')
        })
      },
      'sub vcl_deliver { if (req.restarts == 0) { return (restart); } }',
    )
    await alice.ask('/', { body: 'Bearer alice' }, ALICE)
    await bob.ask('/', { body: 'Bearer bob' }, BOB)
  })

  vtc('policy=varnish: they see all Cookie lines, and all of Cache-Control', async (t) => {
    const [alice, bob] = await clients(
      t,
      async (s) => {
        for (const body of ['1', '2']) {
          await s.rx()
          s.answer(body, 'Cache-Control: max-age=60')
        }
        for (const body of ['3', '4']) {
          await s.rx()
          s.answer(body, 'Cache-Control: max-age=60', 'Cache-Control: private')
        }
      },
      'sub vcl_recv { if (req.http.Cookie ~ "sid=") { return (pass); } return (hash); }',
      { policy: 'varnish' },
    )
    await alice.ask('/', { body: '1' }, 'Cookie: theme=dark', 'Cookie: sid=alice')
    await bob.ask('/', { body: '2' }, 'Cookie: theme=dark', 'Cookie: sid=bob')
    await alice.ask('/b', { body: '3' })
    await bob.ask('/b', { body: '4' })
  })
})
