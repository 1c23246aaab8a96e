import { digitsOf, type Latin1Buffer, putInteger, putText } from '../base/digits.ts'

const AGE = 'Age: '
const CONTENT_LENGTH = 'Content-Length: '
const CRLF = '\r\n'

/**
 * The head of a response that leaves as it was stored, with what is different for each request. It is put straight into the buffer that is sent:
 * a string of it would be built, flattened and copied for every hit.
 */
export class StoredHead {
  /** Status line and field lines, as made when they were stored. */
  lines = ''
  /** More field lines. */
  trace = ''
  /** -1: no Age. */
  age_s = -1
  /** Content-Length, -1: none. */
  length_bytes = -1
  /** The Connection line, if there is one, and the empty line. */
  end = CRLF

  get size_bytes(): number {
    const age = this.age_s < 0 ? 0 : AGE.length + digitsOf(this.age_s) + CRLF.length
    const length = this.length_bytes < 0 ? 0 : CONTENT_LENGTH.length + digitsOf(this.length_bytes) + CRLF.length
    return this.lines.length + this.trace.length + age + length + this.end.length
  }

  /** Returns the position behind it. */
  put(bytes: Latin1Buffer, from: number): number {
    let at = putText(bytes, from, this.lines)
    if (this.age_s >= 0) at = putNumber(bytes, at, AGE, this.age_s)
    at = putText(bytes, at, this.trace)
    if (this.length_bytes >= 0) at = putNumber(bytes, at, CONTENT_LENGTH, this.length_bytes)
    return putText(bytes, at, this.end)
  }
}

function putNumber(bytes: Latin1Buffer, at: number, name: string, value: number): number {
  return putText(bytes, putInteger(bytes, putText(bytes, at, name), value), CRLF)
}
