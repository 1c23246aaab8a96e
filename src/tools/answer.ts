import { STATUS } from '../admin/fault.ts'

/** What an answer of the admin port comes to. */

export function isGood(status: number): boolean {
  return status === STATUS.ok || status === STATUS.truncated
}

export function sayIfCut(status: number, errors: Pick<NodeJS.WriteStream, 'write'>): void {
  if (status === STATUS.truncated) errors.write('The answer is longer than the parameter cli_limit, and was cut off\n')
}
