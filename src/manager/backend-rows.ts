import { columns } from '../admin/cli/framing.ts'
import type { BackendRow } from '../admin/program.ts'
import type { DirectorListed } from '../origin/directors/listing.ts'
import { detailLines, listBackends } from '../upkeep/health/backend-list.ts'
import type { Health } from '../upkeep/health/health.ts'

export type Matches = (rules: string, backend: string) => boolean

/** The directors of rule sets, by their names. */
export type Directors = ReadonlyMap<string, readonly DirectorListed[]>

/** Lines of backend.list: of each rule set its backends, then its directors. */
export function backendRows(health: Health, directors: Directors, matches: Matches): BackendRow[] {
  return health.all.flatMap(({ name: set }) => [
    ...listBackends(health, (rules, backend) => rules === set && matches(rules, backend)).map(({ details, probe, ...row }) => ({
      ...row,
      health: probe,
      details: details === undefined ? [] : detailLines(details),
    })),
    ...(directors.get(set) ?? []).filter(({ name }) => matches(set, name)).map((director) => directorRow(set, director)),
  ])
}

function directorRow(set: string, { name, type, good, count, changed_s, members }: DirectorListed): BackendRow {
  return {
    name: `${set}.${name}`,
    type,
    admin: 'probe',
    good,
    window: count,
    health: good > 0 ? 'healthy' : 'sick',
    last_change_s: changed_s,
    details: columns(members)
      .trimEnd()
      .split('\n')
      .map((line) => `  ${line}`),
  }
}
