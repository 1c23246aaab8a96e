import { describe, expect, test } from 'vitest'
import { startCache } from '../../kit/cache.ts'
import { compare, expectLog } from '../../kit/log-expect.ts'
import { vtc } from '../../kit/vtc.ts'
import { named } from '../origins.ts'

/** What the log says of a request, in the order in which it says so, read as tools read it. */
describe('the log tells', () => {
  vtc('of a miss with its fetch, and of a hit', async (t) => {
    const v1 = t.cache(await startCache({ origin: await named(t) }))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/a', { body: 'example.com /a' })
    await c1.ask('/a', { body: 'example.com /a' })
    await expectLog(
      v1,
      { grouping: 'request', query: 'ReqURL eq "/a"' },
      [0, '*', 'Begin', /^req [0-9]+ rxreq$/],
      ['*', '=', 'VCL_call', 'MISS'],
      [0, '=', 'VCL_return', 'fetch'],
      [0, '=', 'Link', /^bereq [0-9]+ fetch$/],
      ['*', '=', 'RespStatus', '200'],
      ['*', '=', 'End'],
      [0, '*', 'Begin', /^bereq [0-9]+ fetch$/],
      ['*', '=', 'BereqURL', '/a'],
      ['*', '=', 'BerespStatus', '200'],
      ['*', '=', 'End'],
      [0, '*', 'Begin', /^req [0-9]+ rxreq$/],
      ['*', '=', 'Hit', /^[0-9]+ /],
      [0, '=', 'VCL_call', 'HIT'],
      [0, '=', 'VCL_return', 'deliver'],
      ['*', '=', 'End'],
    )
  })

  vtc('of what rules restart, on the level of what was restarted', async (t) => {
    const vcl = 'sub vcl_recv { if (req.restarts == 0) { set req.url = "/other"; return (restart); } }'
    const v1 = t.cache(await startCache({ origin: await named(t), vcl }))
    const c1 = await t.connect('c1', v1)
    await c1.ask('/a', { body: 'example.com /other' })
    await expectLog(
      v1,
      { grouping: 'request', query: '{1}Begin[3] eq restart and {2}BereqURL eq "/other"' },
      [0, '*', 'Begin', /rxreq$/],
      ['*', '=', 'ReqURL', '/a'],
      ['*', '=', 'Link', /^req [0-9]+ restart$/],
      ['*', '*', 'Begin', /^req [0-9]+ restart$/],
      ['*', '=', 'ReqURL', '/other'],
      ['*', '*', 'BereqURL', '/other'],
    )
  })
})

describe('what is expected of a log', () => {
  const records = [
    { vxid: 2, tag: 'Begin', text: 'req 1 rxreq' },
    { vxid: 2, tag: 'ReqURL', text: '/a' },
    { vxid: 3, tag: 'Begin', text: 'bereq 2 fetch' },
  ]

  test.each<[string, Parameters<typeof compare>[1]]>([
    [
      'in order',
      [
        [0, '*', 'Begin'],
        [0, '=', 'ReqURL', '/a'],
        [0, 3, 'Begin', /fetch/],
      ],
    ],
    [
      'with records in between',
      [
        ['*', '*', 'ReqURL'],
        ['*', '*', 'Begin'],
      ],
    ],
    [
      'any tag',
      [
        [0, 2, '*'],
        [0, '*', '*'],
        [0, 3, '*'],
      ],
    ],
  ])('is found: %s', (_, steps) => {
    expect(compare(records, steps)).toBeUndefined()
  })

  test.each<[string, Parameters<typeof compare>[1]]>([
    ['another text', [['*', '*', 'ReqURL', '/b']]],
    [
      'another transaction',
      [
        [0, '*', 'Begin'],
        ['*', '=', 'Begin'],
      ],
    ],
    ['too far behind', [[1, '*', 'Begin', /fetch/]]],
    [
      'behind the end',
      [
        ['*', '*', 'ReqURL'],
        ['*', '*', 'ReqURL'],
      ],
    ],
  ])('is missed: %s', (_, steps) => {
    expect(compare(records, steps)).toMatch(/^expect .* was not found behind:/)
  })
})
