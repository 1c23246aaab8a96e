import type { Refusal } from '../http/parse.ts'

const REASONS: Record<number, string> = {
  400: 'Bad Request',
  414: 'URI Too Long',
  417: 'Expectation Failed',
  431: 'Request Header Fields Too Large',
  501: 'Not Implemented',
  505: 'HTTP Version Not Supported',
}

/** The answer to a head that no request could be made of: the connection cannot be used after it. */
export function refusalResponse(refusal: Refusal, wall_ms: number): string {
  const { status } = refusal
  const date = new Date(wall_ms).toUTCString()
  return `HTTP/1.1 ${status} ${REASONS[status] ?? 'Error'}\r\nDate: ${date}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`
}
