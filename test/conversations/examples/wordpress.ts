import { expect } from 'vitest'
import { fetched, from, HOUR_MS, MINUTE_MS, type Promises, site, STAFF, visitor } from './example.ts'

export const wordpress: Promises = {
  'Readers share one copy of a page, whatever tracking cookies they bring; the origin does not see these.': async (t, rules) => {
    const s1 = await site(t)
    const c1 = await visitor(t, await rules.start(t, { default: s1.origin }))
    await c1.ask('/hello-world/', { body: '1' }, 'Cookie: _ga=GA1.2; _fbp=fb.1; wordpress_test_cookie=WP')
    await c1.ask('/hello-world/', { body: '1' }, 'Cookie: _ga=GA1.3; PHPSESSID=x')
    await c1.ask('/hello-world/', { body: '1' })
    expect(s1.requests[0].field('cookie')).toBeUndefined()
  },

  'Whoever is logged in, has commented or has something in the basket gets everything from the origin.': async (t, rules) => {
    const s1 = await site(t)
    const c1 = await visitor(t, await rules.start(t, { default: s1.origin }))
    await c1.ask('/', { body: '1' })
    const known = ['wordpress_logged_in_0a=u', 'wp-postpass_0a=p', 'comment_author_0a=me', 'woocommerce_items_in_cart=1']
    for (const [i, cookie] of known.entries()) {
      await c1.ask('/', { body: String(i + 2) }, `Cookie: _ga=1; ${cookie}`)
      expect(s1.requests[i + 1].field('cookie')).toBe(`_ga=1; ${cookie}`)
    }
    await c1.ask('/', { body: '6' }, 'Authorization: Basic x')
    await c1.ask('/', { body: '1' })
  },

  'The admin area, the login, the REST and XML-RPC interfaces and previews always come from the origin.': async (t, rules) => {
    const s1 = await site(t, () => ['Cache-Control: public, max-age=600'])
    const v1 = await rules.start(t, { default: s1.origin })
    const c1 = await visitor(t, v1)
    const targets = ['/wp-admin', '/wp-admin/post.php?id=1', '/blog/wp-admin/', '/wp-login.php', '/wp-login.php?action=logout']
    const others = ['/wp-json/wp/v2/posts', '/?rest_route=/wp/v2/posts', '/xmlrpc.php', '/wp-cron.php?doing', '/?p=1&preview=true']
    for (const target of [...targets, ...others]) {
      const before = s1.requests.length
      await c1.ask(target, { body: String(before + 1) })
      await c1.ask(target, { body: String(before + 2) })
    }
    expect(v1.counters()).toMatchObject({ cache_hit: 0, cache_miss: 0, s_pass: 20 })
  },

  'Forms are always sent to the origin.': async (t, rules) => {
    const s1 = await site(t, () => ['Cache-Control: public, max-age=600'])
    const c1 = await visitor(t, await rules.start(t, { default: s1.origin }))
    await c1.ask('/contact/', { body: '1' })
    for (const number of ['2', '3']) {
      c1.request('POST', '/contact/', 'Content-Length: 5', 'Cookie: nonce=1')
      c1.txbody('hello')
      await c1.rx({ body: number })
    }
    expect(s1.requests[1]).toMatchObject({ start: 'POST /contact/ HTTP/1.1', body: 'hello' })
    expect(s1.requests[1].field('cookie')).toBe('nonce=1')
  },

  'A page that says nothing stays for 10 minutes, and is served for an hour more while it is renewed.': async (t, rules) => {
    const s1 = await site(t)
    const v1 = await rules.start(t, { default: s1.origin })
    const c1 = await visitor(t, v1)
    await c1.ask('/', { body: '1' })
    v1.advance(10 * MINUTE_MS - 1000)
    await c1.ask('/', { body: '1' })
    expect(v1.counters().s_bgfetch).toBe(0)
    v1.advance(HOUR_MS)
    await c1.ask('/', { body: '1' })
    await fetched(t, v1, 2)
    await c1.ask('/', { body: '2' })
    v1.advance(HOUR_MS + 11 * MINUTE_MS)
    await c1.ask('/', { body: '3' })
  },

  'A cookie that is set on a page for everyone is not stored and not sent.': async (t, rules) => {
    const s1 = await site(t, () => ['Set-Cookie: PHPSESSID=1; path=/'])
    const c1 = await visitor(t, await rules.start(t, { default: s1.origin }))
    await c1.ask('/', { body: '1', fields: { 'Set-Cookie': undefined } })
    await c1.ask('/', { body: '1', fields: { 'Set-Cookie': undefined } })
  },

  'A cookie set by the login reaches the one who logs in.': async (t, rules) => {
    const cookie = 'wordpress_logged_in_0a=u; HttpOnly'
    const s1 = await site(t, () => ['HTTP/1.1 302 Found', 'Location: /wp-admin/', `Set-Cookie: ${cookie}`])
    const c1 = await visitor(t, await rules.start(t, { default: s1.origin }))
    c1.request('POST', '/wp-login.php', 'Content-Length: 0')
    await c1.rx({ status: 302, fields: { 'Set-Cookie': cookie } })
    await c1.ask('/wp-login.php', { status: 302, fields: { 'Set-Cookie': cookie } })
  },

  'A page that WordPress forbids to cache is never stored.': async (t, rules) => {
    const s1 = await site(t, () => ['Cache-Control: no-cache, must-revalidate, max-age=0', 'Set-Cookie: a=b'])
    const c1 = await visitor(t, await rules.start(t, { default: s1.origin }))
    await c1.ask('/checkout/', { body: '1', fields: { 'Set-Cookie': 'a=b' } })
    await c1.ask('/checkout/', { body: '2' })
  },

  'PURGE from the addresses below removes a page; from anywhere else it is refused.': async (t, rules) => {
    const s1 = await site(t)
    const v1 = await rules.start(t, { default: s1.origin })
    const c1 = await visitor(t, v1)
    const editor = await from(t, v1, STAFF, 'editor')
    await c1.ask('/', { body: '1' })
    c1.request('PURGE', '/')
    await c1.rx({ status: 403 })
    await c1.ask('/', { body: '1' })
    editor.request('PURGE', '/')
    await editor.rx({ status: 200 })
    await c1.ask('/', { body: '2' })
    expect(s1.origin.seen).toEqual(['GET / HTTP/1.1', 'GET / HTTP/1.1'])
  },
}
