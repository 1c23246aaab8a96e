import { formatHttpDate } from '../http/dates.ts'
import { ResponseHead } from '../http/message.ts'
import type { Refusal } from '../http/parse.ts'
import { reasonPhrase } from '../http/status.ts'
import { responseHeadText } from '../http/write.ts'

/** The answer to a head that no request could be made of: the connection cannot be used after it. */
export function refusalHead({ status }: Refusal, wall_ms: number): ResponseHead {
  const head = new ResponseHead()
  head.status = status
  head.reason = reasonPhrase(status)
  head.fields.append('Date', formatHttpDate(wall_ms))
  head.fields.append('Content-Length', '0')
  head.fields.append('Connection', 'close')
  return head
}

export function refusalResponse(refusal: Refusal, wall_ms: number): string {
  return responseHeadText(refusalHead(refusal, wall_ms)) + '\r\n'
}
