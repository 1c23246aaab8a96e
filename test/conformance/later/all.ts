import type { LaterCase } from './case.ts'
import { EDITIONS } from './editions.ts'
import { GAPS } from './gaps.ts'
import { TARGETED } from './targeted.ts'

export const LATER: readonly LaterCase[] = [...EDITIONS, ...TARGETED, ...GAPS]
