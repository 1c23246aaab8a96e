import type { TracePoint } from '../vcl/runtime/trace.ts'

/** Which statements of the rules ran in the tests of a file, under whatever policy. */
export class Coverage {
  private readonly ran = new Set<string>()
  private readonly points = new Map<string, TracePoint>()

  add(points: readonly TracePoint[], ran: ReadonlySet<number>): void {
    for (const [i, point] of points.entries()) {
      if (point.builtin) continue
      const key = `${point.path}\0${point.line}\0${point.column}\0${point.sub}`
      this.points.set(key, point)
      if (ran.has(i)) this.ran.add(key)
    }
  }

  get statements(): number {
    return this.points.size
  }

  get covered(): number {
    return this.ran.size
  }

  /** In the order of files and lines. */
  get missed(): TracePoint[] {
    const left = [...this.points].filter(([key]) => !this.ran.has(key)).map(([, point]) => point)
    return left.toSorted((a, b) => a.path.localeCompare(b.path) || a.line - b.line || a.column - b.column)
  }
}
