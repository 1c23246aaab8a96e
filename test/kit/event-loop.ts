/** Resolves where timers run: whatever is sent from here on is read behind them, in the same turn of the event loop. */
export function phaseOfTimers(): Promise<void> {
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      clearInterval(timer)
      resolve()
    })
  })
}
