const METHODS = ['load', 'store', 'add', 'sub', 'and', 'or', 'exchange', 'compareExchange', 'notify'] as const

/** Runs `deed`, and `then` in place of time passing before the deed's n-th step on shared memory. False when it had fewer. */
export function beforeStep(step: number, deed: () => void, then: () => void): boolean {
  const plain = METHODS.map((name) => Atomics[name] as (...args: unknown[]) => unknown)
  const restore = (): void => METHODS.forEach((name, i) => void Object.assign(Atomics, { [name]: plain[i] }))
  let steps = 0
  let came = false
  METHODS.forEach((name, i) => {
    const counted = (...args: unknown[]): unknown => {
      if (steps++ === step) {
        came = true
        restore()
        then()
      }
      return plain[i].apply(Atomics, args)
    }
    Object.assign(Atomics, { [name]: counted })
  })
  try {
    deed()
  } finally {
    restore()
  }
  return came
}

class Death extends Error {}

/** Runs `deed` up to its n-th step, which is never made. False when it came to its end before. */
export function diesBefore(step: number, deed: () => void): boolean {
  try {
    return beforeStep(step, deed, () => {
      throw new Death()
    })
  } catch (error) {
    if (error instanceof Death) return true
    throw error
  }
}
