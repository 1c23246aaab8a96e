import { parseFieldNames } from './field-names.ts'

const SEPARATORS = ['space', 'comma'] as const

/** Fields that name tags, each with what separates them, as operators write it; undefined when it is no such list. */
export function parseTagFields(text: string): { key: string; separator: (typeof SEPARATORS)[number] }[] | undefined {
  if (text === 'none') return []
  const fields = []
  for (const one of text.split(/[ ,]+/)) {
    const [name, separator] = one.split(':')
    const known = SEPARATORS.find((word) => word === separator)
    const names = parseFieldNames(name)
    if (known === undefined || names?.length !== 1 || one.split(':').length > 2) return undefined
    fields.push({ key: names[0], separator: known })
  }
  return fields.length <= 16 ? fields : undefined
}
