import { LOG_TOOL } from './log.ts'
import { NCSA_TOOL } from './ncsa.ts'
import type { ToolRow } from './option.ts'

/** All tools that have options of their own: docs/reference has a page for each. */
export const TOOLS: readonly ToolRow[] = [LOG_TOOL, NCSA_TOOL]
