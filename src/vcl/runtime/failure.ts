/** A run-time error in rules (VRT_fail): ends the sub as `return (fail)`; the message goes to c.vclError. */
export class VclFailure extends Error {
  override readonly name = 'VclFailure'
}

/** A sub that a module was given to call has returned an action: it ends the sub that called the module, too. */
export class Ended {
  readonly action: number

  constructor(action: number) {
    this.action = action
  }
}

/** A sub as modules call it. */
export type CalledSub = (c: unknown) => void

export function calledBy(sub: (c: unknown) => number): CalledSub {
  return (c) => {
    const action = sub(c)
    // oxlint-disable-next-line typescript/only-throw-error
    if (action !== 0) throw new Ended(action)
  }
}
