/** What a figure is held against: another peer's in the same run, or a fixed bound. */
export type Target = { readonly peer: string; readonly ratio: number } | { readonly below: number } | { readonly exactly: number }

export interface Figure {
  readonly scenario: string
  readonly unit: string
  /** By peer. */
  readonly values: ReadonlyMap<string, number>
  readonly targets: readonly Target[]
  /** Things that make the figure doubtful: errors, spread. */
  readonly notes: readonly string[]
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

function number(value: number): string {
  return value.toFixed(value >= 100 ? 0 : value >= 2 ? 1 : 2)
}

/** "0.32 of nginx (at most 0.6) met"; nothing for a peer that was not measured. */
function verdict(figure: Figure, target: Target): string | undefined {
  const ours = figure.values.get('lacquer')
  if (ours === undefined) return undefined
  if ('below' in target) return `below ${target.below}: ${ours < target.below ? 'met' : 'MISSED'}`
  if ('exactly' in target) return `exactly ${target.exactly}: ${ours === target.exactly ? 'met' : 'MISSED'}`
  const theirs = figure.values.get(target.peer)
  if (theirs === undefined) return undefined
  const ratio = ours / theirs
  return `${ratio.toFixed(2)} of ${target.peer} (at most ${target.ratio}): ${ratio <= target.ratio ? 'met' : 'MISSED'}`
}

export function table(figures: readonly Figure[], peers: readonly string[]): string {
  const rows = [['scenario', 'unit', ...peers, 'targets']]
  for (const figure of figures) {
    const values = peers.map((peer) => (figure.values.has(peer) ? number(figure.values.get(peer)!) : ''))
    const verdicts = figure.targets.map((target) => verdict(figure, target)).filter((text) => text !== undefined)
    rows.push([figure.scenario, figure.unit, ...values, verdicts.join('; ')])
  }
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)))
  const last = widths.length - 1
  const line = (row: string[]): string =>
    row
      .map((cell, column) =>
        column >= 2 && column < last ? cell.padStart(widths[column]) : column === last ? cell : cell.padEnd(widths[column]),
      )
      .join('  ')
      .trimEnd()
  const notes = figures.flatMap((figure) => figure.notes.map((note) => `  ${figure.scenario}: ${note}`))
  return [...rows.map(line), ...(notes.length === 0 ? [] : ['', 'notes', ...notes])].join('\n')
}
