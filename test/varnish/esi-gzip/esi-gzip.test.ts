import { expect, test } from 'vitest'
import { startCache } from '../../kit/cache.ts'
import { hasVarnish, VARNISH_VERSION } from '../varnishd.ts'
import { askVarnish, recorded } from './record.ts'
import { type Given, rulesFor, type SitePage, SitePlayer, sites } from './site.ts'

async function askLacquer(): Promise<Given[][]> {
  const player = new SitePlayer(sites())
  const cache = await startCache({ vcl: rulesFor(await player.listen()), params: { policy: 'varnish' } })
  try {
    return await player.play(cache.port)
  } finally {
    await cache.close()
    player.close()
  }
}

/** Of a page without ESI in it we know only at its end that there is none: it leaves as one that was looked through. */
function shown(given: Given, { esi }: SitePage): string {
  const text = JSON.stringify(given)
  return esi ? text : text.replace('W/', '').replace(/(x-deliver: \[) esi/, '$1')
}

function differences(theirs: readonly Given[][], ours: readonly Given[][]): string[] {
  const pages = sites()
  return theirs.flatMap((given, i) =>
    given.flatMap((one, n) => {
      const [a, b] = [shown(one, pages[i]), shown(ours[i][n], pages[i])]
      return a === b ? [] : [`${pages[i].path} ask ${n}: varnishd ${a}, we ${b}`]
    }),
  )
}

test('the record is of these pages, and some are joined of gzip and not', () => {
  expect(recorded()).toHaveLength(sites().length)
  const lists = recorded().flatMap((asks) => asks.map(([, head]) => head))
  expect(lists.filter((head) => head.includes('esi_gzip')).length).toBeGreaterThan(100)
  expect(lists.filter((head) => head.includes('esi gunzip')).length).toBeGreaterThan(50)
})

test('pages of gzip are to clients what varnishd makes of them', { timeout: 120_000 }, async () => {
  expect(differences(recorded(), await askLacquer())).toEqual([])
})

test('what is recorded is what the installed varnishd does', { timeout: 120_000 }, async ({ skip }) => {
  if (!hasVarnish()) skip(`varnishd ${VARNISH_VERSION} is not installed: checked against the record only`)
  expect(differences(recorded(), await askVarnish(sites()))).toEqual([])
})
