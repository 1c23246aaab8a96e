import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parseCommandLine, type CheckOptions } from '../../src/config/command-line.ts'
import { runCheck } from '../../src/tools/check.ts'
import { vtc } from '../kit/vtc.ts'
import { apiAuthorization } from './examples/api-authorization.ts'
import { bans } from './examples/bans.ts'
import { debugHeaders } from './examples/debug-headers.ts'
import { deviceSplit } from './examples/device-split.ts'
import { exampleFiles, type Promises, README, Rules } from './examples/example.ts'
import { drupal } from './examples/drupal.ts'
import { graceWhenSick } from './examples/grace-when-sick.ts'
import { grace } from './examples/grace.ts'
import { hitForPass } from './examples/hit-for-pass.ts'
import { loadBalancing } from './examples/load-balancing.ts'
import { maintenancePage } from './examples/maintenance-page.ts'
import { normaliseQuery } from './examples/normalise-query.ts'
import { purgeAcl } from './examples/purge-acl.ts'
import { purgeByTag } from './examples/purge-by-tag.ts'
import { rateLimit } from './examples/rate-limit.ts'
import { shopCart } from './examples/shop-cart.ts'
import { staticSite } from './examples/static-site.ts'
import { twoBackends } from './examples/two-backends.ts'
import { websocketPipe } from './examples/websocket-pipe.ts'
import { wordpress } from './examples/wordpress.ts'

/** Each file of vcl-examples opens with its promise; here it is held to every sentence of it. */
const CONVERSATIONS: Readonly<Record<string, Promises>> = {
  'api-authorization.vcl': apiAuthorization,
  'bans.vcl': bans,
  'debug-headers.vcl': debugHeaders,
  'device-split.vcl': deviceSplit,
  'drupal.vcl': drupal,
  'grace-when-sick.vcl': graceWhenSick,
  'grace.vcl': grace,
  'hit-for-pass.vcl': hitForPass,
  'load-balancing.vcl': loadBalancing,
  'maintenance-page.vcl': maintenancePage,
  'normalise-query.vcl': normaliseQuery,
  'purge-acl.vcl': purgeAcl,
  'purge-by-tag.vcl': purgeByTag,
  'rate-limit.vcl': rateLimit,
  'shop-cart.vcl': shopCart,
  'static-site.vcl': staticSite,
  'two-backends.vcl': twoBackends,
  'websocket-pipe.vcl': websocketPipe,
  'wordpress.vcl': wordpress,
}

const POLICIES = ['rfc9111', 'varnish'] as const
const files = exampleFiles()

test('every file has its conversations', () => {
  expect(files.map((file) => file.name)).toEqual(Object.keys(CONVERSATIONS))
})

test('the README has a line for every file', () => {
  const listed = readFileSync(README, 'utf8').matchAll(/^\| \[[^\]]*\]\(([^)]*)\)/gm)
  expect(Array.from(listed, (match) => match[1])).toEqual(files.map((file) => file.name))
})

function checkOptions(policy: string, path: string): CheckOptions {
  const options = parseCommandLine(['check', '-p', `policy=${policy}`, path])
  if (options.command !== 'check') throw new Error('check is check')
  return options
}

describe.each(files)('$name', (file) => {
  const conversations = CONVERSATIONS[file.name] ?? {}

  test('opens with a promise, what to adapt and its policies', () => {
    expect(file.promise.length).toBeGreaterThan(2)
    expect(file.adapt).not.toBe('')
    expect(file.policies.length).toBeGreaterThan(0)
    expect(POLICIES).toEqual(expect.arrayContaining([...file.policies]))
  })

  test('has a conversation for every sentence of its promise', () => {
    expect(Object.keys(conversations)).toEqual(file.promise)
  })

  test.each(POLICIES)('is accepted by lacquer check under policy=%s', (policy) => {
    let said = ''
    const code = runCheck(checkOptions(policy, file.path), (text) => (said += text))
    expect({ code, said }).toEqual({ code: 0, said: `OK ${file.path}\n` })
  })

  for (const policy of POLICIES.filter((name) => file.policies.includes(name))) {
    for (const [sentence, script] of Object.entries(conversations)) {
      vtc(`${sentence} (${policy})`, (t) => script(t, new Rules(file.text, policy)))
    }
  }
})
