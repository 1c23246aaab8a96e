import { expect } from 'vitest'
import { type Promises, site, visitor } from './example.ts'

const PHONES = [
  'Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Version/17.0 Mobile/15E148 Safari/604.1',
  'Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/120.0 Mobile Safari/537.36',
]
const TABLETS = [
  'Mozilla/5.0 (iPad; CPU OS 16_0 like Mac OS X) AppleWebKit/605.1.15 Version/16.0 Mobile/15E148 Safari/604.1',
  'Mozilla/5.0 (Linux; Android 13; SM-X700) AppleWebKit/537.36 Chrome/120.0 Safari/537.36',
]
const DESKTOPS = [
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/120.0 Safari/537.36',
  'Mozilla/5.0 (X11; Linux x86_64; rv:121.0) Gecko/20100101 Firefox/121.0',
  'curl/8.0',
]
const AGE = 'Cache-Control: max-age=60'

export const deviceSplit: Promises = {
  'The origin is told phone, tablet or desktop in X-Device.': async (t, rules) => {
    const s1 = await site(t, () => ['Cache-Control: no-store'])
    const c1 = await visitor(t, await rules.start(t, { default: s1.origin }))
    const expected = [...PHONES.map(() => 'phone'), ...TABLETS.map(() => 'tablet'), ...DESKTOPS.map(() => 'desktop'), 'desktop']
    for (const agent of [...PHONES, ...TABLETS, ...DESKTOPS]) await c1.ask('/', {}, `User-Agent: ${agent}`)
    await c1.ask('/', {})
    expect(s1.requests.map((request) => request.field('x-device'))).toEqual(expected)
  },

  'Every phone gets the copy for phones, every tablet that for tablets, everyone else that for desktops.': async (t, rules) => {
    const s1 = await site(t, () => [AGE])
    const c1 = await visitor(t, await rules.start(t, { default: s1.origin }))
    for (const agent of PHONES) await c1.ask('/', { body: '1' }, `User-Agent: ${agent}`)
    for (const agent of TABLETS) await c1.ask('/', { body: '2' }, `User-Agent: ${agent}`)
    for (const agent of DESKTOPS) await c1.ask('/', { body: '3' }, `User-Agent: ${agent}`)
    await c1.ask('/', { body: '3' })
    await c1.ask('/', { body: '1' }, `User-Agent: ${PHONES[1]}`)
  },

  'A page has three copies at most, even if the origin says Vary: User-Agent.': async (t, rules) => {
    const s1 = await site(t, () => [AGE, 'Vary: User-Agent'])
    const c1 = await visitor(t, await rules.start(t, { default: s1.origin }))
    for (let round = 0; round < 2; round++) {
      for (const agent of [...PHONES, ...TABLETS, ...DESKTOPS]) await c1.ask('/', {}, `User-Agent: ${agent} round ${round}`)
    }
    expect(s1.requests.length).toBe(3)
  },

  'A client cannot choose its X-Device, and never learns of it.': async (t, rules) => {
    const s1 = await site(t, () => [AGE])
    const c1 = await visitor(t, await rules.start(t, { default: s1.origin }))
    const { lines } = await c1.ask('/', { body: '1' }, 'X-Device: phone', 'X-Device: toaster')
    expect(lines.join('\n')).not.toMatch(/x-device/i)
    expect(s1.requests[0].field('x-device')).toBe('desktop')
    await c1.ask('/', { body: '1' })
    await c1.ask('/assets/a.css', { body: '2' }, 'X-Device: phone')
    expect(s1.requests[1].field('x-device')).toBeUndefined()
  },

  'Browsers and caches behind this one are told Vary: User-Agent.': async (t, rules) => {
    const s1 = await site(t, () => [AGE])
    const c1 = await visitor(t, await rules.start(t, { default: s1.origin }))
    await c1.ask('/', { fields: { Vary: 'User-Agent' } })
    await c1.ask('/', { fields: { Vary: 'User-Agent' } })
  },

  'What else the origin varies on is kept.': async (t, rules) => {
    const vary = ['Vary: Accept-Language, User-Agent', 'Vary: X-Kind']
    const s1 = await site(t, () => [AGE, ...vary])
    const c1 = await visitor(t, await rules.start(t, { default: s1.origin }))
    await c1.ask('/', { body: '1', fields: { Vary: 'User-Agent, Accept-Language, X-Kind' } }, 'Accept-Language: en')
    await c1.ask('/', { body: '2' }, 'Accept-Language: de')
    await c1.ask('/', { body: '3' }, 'Accept-Language: en', 'X-Kind: a')
    await c1.ask('/', { body: '1' }, 'Accept-Language: en', 'User-Agent: something')
  },

  'Assets, which are the same for all, have one copy.': async (t, rules) => {
    const s1 = await site(t, () => [AGE])
    const c1 = await visitor(t, await rules.start(t, { default: s1.origin }))
    for (const agent of [PHONES[0], TABLETS[0], DESKTOPS[0]]) {
      await c1.ask('/assets/app.js', { body: '1', fields: { Vary: undefined } }, `User-Agent: ${agent}`)
    }
  },
}
