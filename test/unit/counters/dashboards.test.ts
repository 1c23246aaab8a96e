import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { CounterBlock, CounterSet } from '../../../src/counters/counters.ts'
import { PrometheusText } from '../../../src/counters/prometheus.ts'
import { COUNTER_CLASSES, type CounterClass } from '../../../src/counters/table.ts'
import type { ThreadView } from '../../../src/counters/thread-metrics.ts'
import { newVitals } from '../../../src/counters/vitals.ts'

/** The dashboard and the alerts ask for what is exposed, by labels that it has. */

const read = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8')

/** What Prometheus adds to each series. */
const ADDED = ['instance', 'job']

interface Expression {
  readonly title: string
  readonly text: string
}

interface Panel {
  readonly title: string
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[]
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
}

const panels = (JSON.parse(read('docs/grafana/lacquer.json')) as { panels: Panel[] }).panels

function alerts(): Expression[] {
  const text = read('docs/prometheus/alerts.yml')
  const found = [...text.matchAll(/^ {6}- alert: (\w+)\n {8}expr: (.+)$/gm)].map(([, title, expr]) => ({ title, text: expr }))
  expect(found).toHaveLength(text.match(/- alert:/g)?.length ?? 0)
  return found
}

const EXPRESSIONS: readonly Expression[] = [
  ...panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, text: expr }))),
  ...alerts(),
]

/** Metrics by name, with their labels, as a scrape has them. */
async function exposed(): Promise<Map<string, Set<string>>> {
  const set = new CounterSet()
  for (const kind of Object.keys(COUNTER_CLASSES) as CounterClass[]) {
    set.add(new CounterBlock(kind, { MAIN: '', MGT: '', SMA: 's0', SMF: 's0', ARENA: 's0', VBE: 'boot.a' }[kind]).handle)
  }
  const thread: ThreadView = {
    performance: { eventLoopUtilization: () => ({ idle: 1, active: 1 }) },
    getHeapStatistics: async () => ({ used_heap_size: 1, heap_size_limit: 2, external_memory: 3 }),
    cpuUsage: async () => ({ user: 1, system: 1 }),
  }
  const vitals = [new Float64Array(newVitals())]
  const text = await new PrometheusText(
    set,
    '1',
    () => [thread],
    () => vitals,
  ).metricsText()
  const found = new Map<string, Set<string>>([['up', new Set()]])
  for (const [, name, labels = ''] of text.matchAll(/^([a-z]\w*)(?:\{(.*)\})? \S+$/gm)) {
    const names = [...labels.matchAll(/(\w+)="/g)].map(([, label]) => label)
    found.set(name, new Set([...(found.get(name) ?? []), ...names]))
  }
  return found
}

const METRIC = /\b(?:lacquer|process|nodejs)_\w+|\bup\b/g

/** Names of metrics with the labels that are asked of them: in their braces, and by what is summed up around them. */
function asked({ text }: Expression): [name: string, labels: string[]][] {
  const found: [string, string[]][] = []
  for (const match of text.matchAll(METRIC)) {
    const [name] = match
    const behind = text.slice(match.index + name.length)
    const braces = behind.startsWith('{') ? behind.slice(1, behind.indexOf('}')) : ''
    const matched = [...braces.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label]) => label)
    found.push([name, [...matched, ...groupings(text, match.index)]])
  }
  return found
}

/** Of each `by (labels) (...)` that holds the place. */
function groupings(text: string, place: number): string[] {
  return [...text.matchAll(/\bby \(([^)]*)\) \(/g)].flatMap((match) => {
    const from = match.index + match[0].length
    return from <= place && place < closing(text, from) ? match[1].split(',').map((label) => label.trim()) : []
  })
}

/** Where the parenthesis that was opened before `from` closes. */
function closing(text: string, from: number): number {
  for (let i = from, open = 1; i < text.length; i++) {
    if (text[i] === '(') open++
    else if (text[i] === ')' && --open === 0) return i
  }
  return text.length
}

describe('every expression', () => {
  test('there are enough of them to be worth a look', () => {
    expect(EXPRESSIONS.length).toBeGreaterThan(60)
    expect(EXPRESSIONS.filter(({ text }) => asked({ title: '', text }).length === 0)).toEqual([])
  })

  test('asks for metrics that are exposed, and for labels that they have', async () => {
    const there = await exposed()
    const wrong = EXPRESSIONS.flatMap((expression) =>
      asked(expression).flatMap(([name, labels]) => {
        const known = there.get(name)
        if (known === undefined) return [`${expression.title}: there is no ${name}`]
        return labels
          .filter((label) => !known.has(label) && !ADDED.includes(label))
          .map((label) => `${expression.title}: ${name} has no ${label}`)
      }),
    )
    expect(wrong).toEqual([])
  })

  test('opens and closes its parentheses, braces and quotes', () => {
    const odd = EXPRESSIONS.filter(({ text }) => {
      const bare = text.replaceAll(/"[^"]*"/g, '')
      const count = (mark: string): number => bare.split(mark).length - 1
      return bare.includes('"') || count('(') !== count(')') || count('{') !== count('}') || count('[') !== count(']')
    })
    expect(odd).toEqual([])
  })

  test('takes rates of what only grows', () => {
    const rated = EXPRESSIONS.flatMap(({ title, text }) =>
      [...text.matchAll(/\b(?:rate|increase)\((\w+)/g)].map(([, name]) => ({ title, name })),
    )
    expect(rated.length).toBeGreaterThan(40)
    expect(rated.filter(({ name }) => !/_(?:total|count|sum|bucket)$/.test(name))).toEqual([])
  })
})

test('the labels that legends name are left by their expressions', () => {
  const wrong = panels.flatMap(({ title, targets = [] }) =>
    targets.flatMap(({ expr, legendFormat }) => {
      const named = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label)
      const grouped = /\bby \(/.test(expr) ? [...expr.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, labels]) => labels.split(', ')) : undefined
      return grouped === undefined ? [] : named.filter((label) => !grouped.includes(label)).map((label) => `${title}: ${label}`)
    }),
  )
  expect(wrong).toEqual([])
})

test('no panel lies on another', () => {
  const places = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, i) => `${x + (i % w)},${y + Math.floor(i / w)}`),
  )
  expect(new Set(places).size).toBe(places.length)
  expect(panels.every(({ gridPos: { x, w } }) => x + w <= 24)).toBe(true)
})

test('each alert has a summary, a description and a severity', () => {
  const rules = read('docs/prometheus/alerts.yml')
    .split(/^ {6}- alert: /m)
    .slice(1)
  expect(rules.length).toBeGreaterThan(15)
  const bare = rules.filter(
    (rule) => !/severity: (?:info|warning|critical)/.test(rule) || !/summary: \S/.test(rule) || !/description: \S/.test(rule),
  )
  expect(bare).toEqual([])
})
