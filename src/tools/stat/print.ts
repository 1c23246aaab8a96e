import type { Point } from '../../counters/read/counter-reader.ts'

/** What -1, -j, -x and -l print, as varnishstat has it. */

const NAME_WIDTH = 18
const VALUE_WIDTH = 12
const LIST_WIDTH = 30
const INT64_MAX = 2n ** 63n - 1n

/** A gauge that has been counted down too early is 0, unless it is wanted raw. */
export function shownValue({ doc, value }: Point, raw: boolean): bigint {
  return !raw && doc.semantics === 'g' && value > INT64_MAX ? 0n : value
}

/** Columns move to the right with the longest name so far. */
export function onceText(points: readonly Point[], uptime_s: number, raw: boolean): string {
  let width = NAME_WIDTH
  let text = ''
  for (const point of points) {
    const { name, doc } = point
    if (name.length >= width) width = name.length + 1
    const value = shownValue(point, raw)
    const rate = doc.semantics === 'c' ? (uptime_s > 0 ? Number(value) / uptime_s : 0).toFixed(2) : '.  '
    text += `${name.padEnd(width)}${String(value).padStart(VALUE_WIDTH)} ${rate.padStart(VALUE_WIDTH)} ${doc.oneliner}\n`
  }
  return text
}

export function jsonOf(points: readonly Point[], now: Date, raw: boolean): string {
  const counters = points.map((point) => {
    const { name, doc } = point
    const value = shownValue(point, raw)
    return `    ${JSON.stringify(name)}: {\n      "description": ${JSON.stringify(doc.oneliner)},\n      "flag": "${doc.semantics}",\n      "format": "${doc.format}",\n      "value": ${value}\n    }`
  })
  return `{\n  "version": 1,\n  "timestamp": "${timestamp(now)}",\n  "counters": {\n${counters.join(',\n')}\n  }\n}\n`
}

export function xmlOf(points: readonly Point[], now: Date, raw: boolean): string {
  const stats = points.map((point) => {
    const { name, doc } = point
    const lines = [
      ['name', escapeXml(name)],
      ['value', String(shownValue(point, raw))],
      ['flag', doc.semantics],
      ['format', doc.format],
      ['description', escapeXml(doc.oneliner)],
    ]
    return `\t<stat>\n${lines.map(([element, text]) => `\t\t<${element}>${text}</${element}>\n`).join('')}\t</stat>\n`
  })
  return `<?xml version="1.0"?>\n<varnishstat timestamp="${timestamp(now)}">\n${stats.join('')}</varnishstat>\n`
}

export function listOf(points: readonly Point[]): string {
  const head = ['Field name', '----------'].map((text) => text.padEnd(LIST_WIDTH))
  const rows = points.map(({ name, doc }) => `${name.padEnd(LIST_WIDTH)} ${doc.oneliner}\n`)
  return `Varnishstat -f option fields:\n${head[0]} Description\n${head[1]} -----------\n${rows.join('')}`
}

/** Local time, as varnishstat has it. */
function timestamp(now: Date): string {
  const two = (number: number): string => String(number).padStart(2, '0')
  const date = `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`
  return `${date}T${two(now.getHours())}:${two(now.getMinutes())}:${two(now.getSeconds())}`
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
