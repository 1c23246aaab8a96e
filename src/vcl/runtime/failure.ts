/** A run-time error in rules (VRT_fail): ends the sub as `return (fail)`; the message goes to c.vclError. */
export class VclFailure extends Error {
  override readonly name = 'VclFailure'
}
