import { HIST_TOOL } from './hist.ts'
import { LOG_TOOL } from './log.ts'
import { NCSA_TOOL } from './ncsa.ts'
import { STAT_TOOL } from './stat.ts'
import { TOP_TOOL } from './top.ts'
import type { ToolRow } from './option.ts'

/** All tools that have options of their own: docs/reference has a page for each. */
export const TOOLS: readonly ToolRow[] = [LOG_TOOL, NCSA_TOOL, STAT_TOOL, TOP_TOOL, HIST_TOOL]
