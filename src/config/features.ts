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

/**
 * `before` with what an operator wants changed, "+esi_remove_bom,-validate_headers"; "none" and "all" begin anew. Undefined when a word is
 * none of ours.
 */
export function changeFeatures(before: string, given: string): string | undefined {
  const on = new Set(featuresOf(before))
  for (const change of given.split(',')) {
    const [sign, word] = [change[0], change.slice(1)]
    const feature = FEATURES.find((one) => one === word)
    if (change === 'none') on.clear()
    else if (change === 'all') FEATURES.forEach((one) => on.add(one))
    else if (feature !== undefined && sign === '+') on.add(feature)
    else if (feature !== undefined && sign === '-') on.delete(feature)
    else return undefined
  }
  return on.size === 0
    ? 'none'
    : FEATURES.filter((one) => on.has(one))
        .map((one) => `+${one}`)
        .join(',')
}

/** Those that are on, of a value that `changeFeatures` has made. */
export function featuresOf(value: string): Feature[] {
  const on = value.split(',')
  return FEATURES.filter((one) => on.includes(`+${one}`))
}
