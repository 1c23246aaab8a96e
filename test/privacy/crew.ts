import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomFrom } from '../kit/random.ts'
import { newCrew } from '../kit/crew.ts'
import { mingle, VCL } from './crowd.ts'
import { Town, type Law } from './town.ts'

/** What came of it. */
export interface Met {
  /** What somebody saw that was not for him. */
  readonly wrongs: readonly string[]
  /** Secrets of others that were seen because that was allowed. */
  readonly shared: number
  /** Requests that reached the origin, and such as waited for another's. */
  readonly asked: number
  readonly waited: number
}

/** A crowd in front of two workers. `more`: rules before those of the crowd. */
export async function meet(law: Law, seed: number, requests: number, more = ''): Promise<Met> {
  const town = new Town(randomFrom(seed), law)
  const port = await town.open()
  const directory = mkdtempSync(join(tmpdir(), 'lacquer-privacy-'))
  const rules = join(directory, 'rules.vcl')
  writeFileSync(rules, `vcl 4.1;\nbackend default { .host = "127.0.0.1"; .port = "${port}"; }\n${more}${VCL}`)
  const crew = await newCrew(2, `-p policy=${law} -f ${rules}`).start()
  try {
    const wrongs = await mingle(town, crew.port, randomFrom(seed + 1), 40, requests)
    return { wrongs, shared: town.shared, asked: town.asked, waited: crew.counts()['MAIN.busy_sleep'] }
  } finally {
    await crew.close()
    town.close()
    rmSync(directory, { recursive: true })
  }
}
