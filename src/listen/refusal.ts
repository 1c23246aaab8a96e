import { formatHttpDate } from '../http/dates.ts'
import type { Refusal } from '../http/parse.ts'
import { reasonPhrase } from '../http/status.ts'

/** The answer to a head that no request could be made of: the connection cannot be used after it. */
export function refusalResponse(refusal: Refusal, wall_ms: number): string {
  const { status } = refusal
  const date = formatHttpDate(wall_ms)
  return `HTTP/1.1 ${status} ${reasonPhrase(status)}\r\nDate: ${date}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`
}
