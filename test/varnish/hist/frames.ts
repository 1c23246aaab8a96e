/** Screens of varnishhist that are recorded: its options, and the size of the terminal. */

export interface Frame {
  readonly profile: string
  readonly columns: number
  readonly rows: number
}

const SIZES = [
  [100, 20],
  [63, 13],
  [200, 50],
] as const

export const FRAMES: readonly Frame[] = [
  'responsetime',
  'size',
  'Beresptime',
  'BerespBodytime',
  'b:Timestamp:Beresp:3:-4:1',
  'Timestamp:Start:2:8:10',
  'b:BereqAcct::5:0:6',
].flatMap((profile) => SIZES.map(([columns, rows]) => ({ profile, columns, rows })))
