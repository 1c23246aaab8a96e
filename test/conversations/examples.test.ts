import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parseCommandLine, type CheckOptions } from '../../src/config/command-line.ts'
import { defaultParameters } from '../../src/config/parameters.ts'
import { PLAIN, reportText } from '../../src/ruletest/report.ts'
import { runSuite, testsBeside } from '../../src/ruletest/suite.ts'
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

/**
 * Each file of vcl-examples opens with its promise, and the tests beside it hold it to every sentence. The older ones are held to it over
 * sockets, too, which shows that `lacquer test` says the same as a worker.
 */
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

/** What no test beside the rules can show, and a conversation does. */
const ONLY_CONVERSED: Readonly<Record<string, string>> = {
  // The lurker and the probes are the manager's.
  'bans.vcl': 'Pages leave within minutes although nobody asks for them, and so does the ban.',
  'grace-when-sick.vcl':
    'Each server is asked for /health every two seconds, and gets pages to answer while three of its last five answers were good.',
}

const POLICIES = ['rfc9111', 'varnish'] as const
const files = exampleFiles()

test('all conversations are about files that there are', () => {
  expect(files.map((file) => file.name)).toEqual(expect.arrayContaining(Object.keys(CONVERSATIONS)))
  expect(files.length).toBeGreaterThanOrEqual(20)
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
  const conversations = CONVERSATIONS[file.name]

  test('opens with a promise, what to adapt and its policies', () => {
    expect(file.promise.length).toBeGreaterThan(2)
    expect(file.adapt).not.toBe('')
    expect(file.policies.length).toBeGreaterThan(0)
    expect(POLICIES).toEqual(expect.arrayContaining([...file.policies]))
  })

  test('has a test beside it for every sentence of its promise, under each of its policies, and they pass', async () => {
    const report = await runSuite(testsBeside(file.path), { parameters: defaultParameters, policy: undefined, names: [], all: false })
    const sentences = file.promise.filter((sentence) => sentence !== ONLY_CONVERSED[file.name])
    const expected = sentences.flatMap((sentence) => file.policies.map((policy) => `${sentence} (${policy})`))
    expect(report.outcomes.map(({ name, policy }) => `${name} (${policy})`)).toEqual(expected)
    expect(report.outcomes.some(({ failures }) => failures.length > 0) ? reportText(report, PLAIN) : '').toBe('')
    expect(report.coverage.missed).toEqual([])
  })

  if (conversations !== undefined) {
    test('has a conversation for every sentence of its promise', () => expect(Object.keys(conversations)).toEqual(file.promise))
  }

  test.each(POLICIES)('is accepted by lacquer check under policy=%s', (policy) => {
    let said = ''
    const code = runCheck(checkOptions(policy, file.path), (text) => (said += text))
    expect({ code, said }).toEqual({ code: 0, said: `OK ${file.path}\n` })
  })

  for (const policy of POLICIES.filter((name) => file.policies.includes(name))) {
    for (const [sentence, script] of Object.entries(conversations ?? {})) {
      vtc(`${sentence} (${policy})`, (t) => script(t, new Rules(file.text, policy)))
    }
  }
})
