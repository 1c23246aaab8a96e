import { TAG, type TagName } from '../tags.ts'

/** One byte for each tag, 1 for those that are meant. */
export type TagSet = Uint8Array

/** Why a glob says nothing: no tag, more than one without `*`, or more than one `*`. */
export type GlobFault = 'matches zero tags' | 'is ambiguous' | 'has more than one *'

const NAMES = Object.keys(TAG) as TagName[]

/** Adds the tags that a glob means: a tag or the beginning of one only, `*` at its beginning, within or at its end. */
export function addGlob(set: TagSet, glob: string): GlobFault | undefined {
  const wanted = glob.toLowerCase()
  const star = wanted.indexOf('*')
  if (star === -1) return addName(set, wanted)
  if (star !== wanted.lastIndexOf('*')) return 'has more than one *'
  const [before, behind] = [wanted.slice(0, star), wanted.slice(star + 1)]
  const found = NAMES.filter((name) => fits(name.toLowerCase(), before, behind))
  for (const name of found) set[TAG[name]] = 1
  return found.length === 0 ? 'matches zero tags' : undefined
}

function fits(name: string, before: string, behind: string): boolean {
  return name.length >= before.length + behind.length && name.startsWith(before) && name.endsWith(behind)
}

function addName(set: TagSet, wanted: string): GlobFault | undefined {
  if (wanted === '') return 'matches zero tags'
  const found = NAMES.filter((name) => name.toLowerCase().startsWith(wanted))
  const exact = found.find((name) => name.length === wanted.length)
  if (exact === undefined && found.length > 1) return 'is ambiguous'
  const [name] = exact === undefined ? found : [exact]
  if (name === undefined) return 'matches zero tags'
  set[TAG[name]] = 1
  return undefined
}

/** Globs with commas between them. */
export function addTagList(set: TagSet, list: string): GlobFault | undefined {
  const globs = list.split(',').filter((glob) => glob !== '')
  if (globs.length === 0) return 'matches zero tags'
  for (const glob of globs) {
    const fault = addGlob(set, glob)
    if (fault !== undefined) return fault
  }
  return undefined
}
