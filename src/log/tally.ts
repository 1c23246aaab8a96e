/** Positions in `LogOptions.tally`, the order of the counter table. */
export const TALLY = { records: 0, writes: 1, flushes: 2, cont: 3, cycles: 4, lost: 5 } as const
