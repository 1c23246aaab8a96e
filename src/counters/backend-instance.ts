/** VBE counters are named as in Varnish: VBE.<rule set>.<backend>. */
export function backendInstance(rules: string, backend: string): string {
  return `${rules}.${backend}`
}

/** Neither name holds a dot. */
export function splitInstance(instance: string): { vcl: string; backend: string } {
  const dot = instance.indexOf('.')
  return { vcl: instance.slice(0, Math.max(0, dot)), backend: instance.slice(dot + 1) }
}
