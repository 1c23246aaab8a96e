/** The words of the parameter `feature`. */
export const FEATURES = [
  'esi_disable_xml_check',
  'esi_ignore_https',
  'esi_ignore_other_elements',
  'esi_include_onerror',
  'esi_remove_bom',
  'validate_headers',
] as const
export type Feature = (typeof FEATURES)[number]

/** Those of the parameter `debug`. */
export const DEBUG_SWITCHES = ['syncvsl'] as const

/**
 * `before` with what an operator wants changed, "+esi_remove_bom,-validate_headers"; "none" and "all" begin anew. Undefined when a word is
 * none of ours.
 */
export function changeFeatures(before: string, given: string): string | undefined {
  return change(FEATURES, before, given)
}

export function changeDebug(before: string, given: string): string | undefined {
  return change(DEBUG_SWITCHES, before, given)
}

/** Those that are on, of a value that `changeFeatures` has made. */
export function featuresOf(value: string): Feature[] {
  return switchesOn(FEATURES, value)
}

/** debug=+syncvsl: each log record is written at once. */
export function writesEachRecord(debug: string): boolean {
  return switchesOn(DEBUG_SWITCHES, debug).includes('syncvsl')
}

function change<W extends string>(words: readonly W[], before: string, given: string): string | undefined {
  const on = new Set(switchesOn(words, before))
  for (const item of given.split(',')) {
    const [sign, word] = [item[0], item.slice(1)]
    const known = words.find((one) => one === word)
    if (item === 'none') on.clear()
    else if (item === 'all') words.forEach((one) => on.add(one))
    else if (known !== undefined && sign === '+') on.add(known)
    else if (known !== undefined && sign === '-') on.delete(known)
    else return undefined
  }
  if (on.size === 0) return 'none'
  const names = words.filter((one) => on.has(one))
  return names.map((one) => `+${one}`).join(',')
}

function switchesOn<W extends string>(words: readonly W[], value: string): W[] {
  const on = value.split(',')
  return words.filter((one) => on.includes(`+${one}`))
}
