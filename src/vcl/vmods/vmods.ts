import { purge } from './purge.ts'
import { std } from './std.ts'
import type { Vmod } from './vmod.ts'
import { xkey } from './xkey.ts'

/** Modules that can be imported, by name. */
export const VMODS: Readonly<Record<string, Vmod>> = { std, purge, xkey }
