import type { BackendRow } from '../admin/program.ts'
import type { DirectorListed } from '../origin/directors/listing.ts'
import { detailJson, detailLines, listBackends } from '../upkeep/health/backend-list.ts'
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
      details: details === undefined ? [] : [...detailLines(details).map((line) => [line]), ['']],
      details_json: details === undefined ? '{}' : detailJson(details),
    })),
    ...(directors.get(set) ?? []).filter(({ name }) => matches(set, name)).map((director) => directorRow(health, set, director)),
  ])
}

function directorRow(health: Health, set: string, { name, type, good, count, changed_s, members, details }: DirectorListed): BackendRow {
  return {
    name: `${set}.${name}`,
    type,
    admin: health.directorAdmin(set, name) ?? 'probe',
    good,
    window: count,
    health: good > 0 ? 'healthy' : 'sick',
    last_change_s: changed_s,
    details: [[''], ...members.map((cells) => ['', ...cells]), ['']],
    details_json: JSON.stringify(details),
  }
}
