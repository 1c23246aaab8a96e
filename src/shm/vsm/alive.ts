import { codeOf } from '../../base/errors.ts'

/** Is there a process of that id? EPERM: it is somebody else's. */
export function isAlive(pid: number): boolean {
  if (pid <= 0) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return codeOf(error) !== 'ESRCH'
  }
}
