import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'

/** Debian's varnishtest, where it is installed, with bin/lacquer in the place of varnishd. */

const STOCK = ['/usr/bin/varnishtest', '/usr/local/bin/varnishtest'].find((path) => existsSync(path))
if (STOCK === undefined) process.stderr.write('varnishtest is not installed: the files of test/varnishtest are not run\n')

const HERE = fileURLToPath(new URL('.', import.meta.url))
const LACQUER = fileURLToPath(new URL('../../bin/lacquer', import.meta.url))
const PATIENCE_MS = 90_000

const bin = mkdtempSync(join(tmpdir(), 'lacquer-vtc-'))
symlinkSync(LACQUER, join(bin, 'varnishd'))
afterAll(() => rmSync(bin, { recursive: true }))

function run(file: string): Promise<{ code: number; said: string }> {
  const env = { ...process.env, PATH: `${bin}:${process.env.PATH ?? ''}` }
  return new Promise((resolve) => {
    execFile(STOCK ?? '', [join(HERE, file)], { env, timeout: PATIENCE_MS }, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), said: out + err })
    })
  })
}

describe.runIf(STOCK)('varnishtest', () => {
  const files = readdirSync(HERE).filter((name) => name.endsWith('.vtc'))
  test.each(files)(
    '%s',
    async (file) => {
      const { code, said } = await run(file)
      // What has gone wrong stands in its last lines.
      expect(code === 0 ? '' : said.split('\n').slice(-60).join('\n')).toBe('')
    },
    PATIENCE_MS,
  )
})
