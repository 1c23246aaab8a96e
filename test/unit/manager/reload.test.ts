import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { Fault, STATUS } from '../../../src/admin/fault.ts'
import type { RuleRow, RuleSets } from '../../../src/admin/rule-sets.ts'
import { ManualClock } from '../../../src/base/clock.ts'
import { Reload } from '../../../src/manager/reload.ts'
import { Patience } from '../../kit/patience.ts'
import { Instance } from './instance.ts'

vi.setConfig({ testTimeout: 60_000 })

/** Rule sets as far as a reload asks for them. */
class Sets {
  readonly said: string[] = []
  active = 'boot'
  names = ['boot']
  labelled = new Set<string>()
  broken: string | undefined

  load(name: string, path: string): Promise<string> {
    this.said.push(`load ${path}`)
    if (this.broken !== undefined) return Promise.reject(new Fault(STATUS.param, this.broken))
    this.names.push(name)
    return Promise.resolve('')
  }
  use(name: string): Promise<void> {
    this.active = name
    return Promise.resolve()
  }
  discard([name]: readonly string[]): Promise<void> {
    this.names = this.names.filter((one) => one !== name)
    return Promise.resolve()
  }
  list(): Promise<Partial<RuleRow>[]> {
    const row = (name: string) => ({ name, status: name === this.active ? 'active' : 'available', labels: this.labelled.has(name) ? 1 : 0 })
    return Promise.resolve(this.names.map((name) => row(name) as Partial<RuleRow>))
  }
}

function reloading(path: string | undefined = 'site.vcl') {
  const sets = new Sets()
  const lines: string[] = []
  const reload = new Reload({
    rules: sets as unknown as RuleSets,
    path,
    parameters: { reload_keep: 2 },
    clock: new ManualClock(Date.UTC(2026, 10, 25, 19, 35, 1)),
    tell: (level, line) => void lines.push(`${level}: ${line}`),
  })
  return { sets, lines, reload }
}

describe('SIGHUP', () => {
  test('loads the file again, under a name that says when, and uses it', async () => {
    const { sets, lines, reload } = reloading()
    await reload.request()
    expect(sets.active).toBe('reload_20261125_193501_0001')
    expect(lines).toEqual(['info: the rules of site.vcl are active as reload_20261125_193501_0001'])
  })

  test('keeps the latest that were replaced, what has a label, and boot', async () => {
    const { sets, reload } = reloading()
    // Somebody else's, whatever it is called.
    sets.names.push('reload_of_mine')
    for (let i = 0; i < 6; i++) {
      await reload.request()
      if (i === 1) sets.labelled.add(sets.active)
    }
    expect(sets.names.map((name) => name.slice(-4))).toEqual(['boot', 'mine', '0002', '0004', '0005', '0006'])
  })

  test('rules that are not accepted change nothing, and the log says why', async () => {
    const { sets, lines, reload } = reloading()
    sets.broken = 'site.vcl:1:1: nonsense\n'
    await reload.request()
    expect(sets.active).toBe('boot')
    expect(lines).toEqual(['error: reload of site.vcl failed, the rules are as they were: site.vcl:1:1: nonsense'])
  })

  test('however many come while one is under way, one more follows', async () => {
    const { sets, reload } = reloading()
    await Promise.all(Array.from({ length: 50 }, () => reload.request()))
    expect(sets.said).toEqual(['load site.vcl', 'load site.vcl'])
  })

  test('without a file there is nothing to read', async () => {
    const { sets, lines, reload } = reloading('')
    Object.assign(reload['parts'], { path: undefined })
    await reload.request()
    expect(sets.said).toEqual([])
    expect(lines).toEqual(['warn: SIGHUP: there is nothing to read again: the rules are not from a file (-f)'])
  })
})

describe('the program', () => {
  let directory = ''
  let instance: Instance | undefined

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'lacquer-reload-'))
  })

  afterEach(() => {
    instance?.kill()
    rmSync(directory, { recursive: true })
  })

  function write(answer: string, main = 'include "./answer.vcl";'): string {
    const file = join(directory, 'main.vcl')
    writeFileSync(file, `vcl 4.1;\nbackend default none;\n${main}\n`)
    writeFileSync(join(directory, 'answer.vcl'), `sub vcl_recv { return (synth(200, "${answer}")); }`)
    return file
  }

  function reason(port: number): Promise<string> {
    return new Promise((resolve, reject) => {
      const asked = request({ port, agent: false }, (answer) => {
        answer.resume()
        resolve(answer.statusMessage ?? '')
      })
      asked.on('error', reject).end()
    })
  }

  test('reads its file and what it includes again, on SIGHUP, while it serves', async () => {
    const patience = new Patience(30_000)
    instance = await new Instance(['-f', write('first'), '-w', '2', '-s', 'memory,16M']).ready()
    const { child, port } = instance
    expect(await reason(port)).toBe('first')

    const says = async (what: string, act: () => void): Promise<void> => {
      const before = instance?.said.length
      act()
      await patience.until(what, () => instance!.said.slice(before).includes(what))
    }
    await says('are active as reload_', () => {
      write('second')
      child.kill('SIGHUP')
    })
    expect(await reason(port)).toBe('second')

    await says('failed, the rules are as they were', () => {
      write('third', 'nonsense;')
      child.kill('SIGHUP')
    })
    expect(instance.said).toContain('main.vcl:3:1')
    expect(await reason(port)).toBe('second')

    child.kill('SIGTERM')
    expect(await instance.exited).toBe(0)
  })
})
