/** Milliseconds of the processor that this thread needs for it: the machine may be busy with others. */
export function cpu_ms(deed: () => void): number {
  const before = process.threadCpuUsage()
  deed()
  const { user, system } = process.threadCpuUsage(before)
  return (user + system) / 1000
}
