import type { LoadedVcl } from '../vcl/runtime/context.ts'

/** Requests and fetches keep the rules that they began with: a reload changes nothing for them, and discarded rules end with the last of them. */
export function holdRules(vcl: LoadedVcl): LoadedVcl {
  vcl.running++
  return vcl
}

/** It is over for this one. */
export function releaseRules(vcl: LoadedVcl): void {
  if (--vcl.running === 0 && vcl.onIdle !== undefined) vcl.onIdle()
}
