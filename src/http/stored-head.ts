import { digitsOf, type Latin1Buffer, NO_NUMBER, putInteger, putText, widthOf } from '../base/digits.ts'

const AGE = 'Age: '
const CONTENT_LENGTH = 'Content-Length: '
const CRLF = '\r\n'
/** Heads remembered as bytes, 1 MB at worst. */
const PLACES = 1024
const REMEMBERED_MAX_BYTES = 1024

/** A head as bytes, and what it was made of. */
interface Place {
  lines: string
  trace: string
  end: string
  length_bytes: number
  age_s: number
  age_digits: number
  ttl_s: number
  ttl_width: number
  /** 0: nothing is remembered yet. */
  size_bytes: number
  memory: Latin1Buffer
}

const NOTHING = Buffer.alloc(0) as Latin1Buffer
const places = Array.from({ length: PLACES }, (): Place => ({
  lines: '',
  trace: '',
  end: '',
  length_bytes: -1,
  age_s: -1,
  age_digits: 0,
  ttl_s: NO_NUMBER,
  ttl_width: 0,
  size_bytes: 0,
  memory: NOTHING,
}))

/**
 * The head of a response that leaves as it was stored, with what is different for each request. It is put straight into the buffer that is sent:
 * a string of it would be built, flattened and copied for every hit. From its third use on it is copied as it was made before, with another Age
 * and ttl in their places; the places for that are a fixed number.
 */
export class StoredHead {
  /** Status line and field lines, as made when they were stored. */
  lines = ''
  /** More field lines, without the end of the last one, and the number that it ends in, if it does. */
  trace = ''
  ttl_s = NO_NUMBER
  /** -1: no Age. */
  age_s = -1
  /** Content-Length, -1: none. */
  length_bytes = -1
  /** The Connection line, if there is one, and the empty line. */
  end = CRLF
  /** Spreads heads over the places, such as an object's transaction id. */
  key = 0

  get size_bytes(): number {
    const age = this.age_s < 0 ? 0 : AGE.length + digitsOf(this.age_s) + CRLF.length
    const length = this.length_bytes < 0 ? 0 : CONTENT_LENGTH.length + digitsOf(this.length_bytes) + CRLF.length
    const trace = this.trace === '' ? 0 : this.trace.length + this.ttl_width + CRLF.length
    return this.lines.length + trace + age + length + this.end.length
  }

  private get ttl_width(): number {
    return this.ttl_s === NO_NUMBER ? 0 : widthOf(this.ttl_s)
  }

  /** Returns the position behind it. */
  put(bytes: Latin1Buffer, from: number): number {
    const place = places[this.key & (PLACES - 1)]
    if (place.lines !== this.lines) {
      place.lines = this.lines
      place.size_bytes = 0
      return this.make(bytes, from)
    }
    const { size_bytes } = place
    if (size_bytes === 0 || !this.resembles(place)) return this.remember(place, bytes, from, this.make(bytes, from))
    if (this.age_s !== place.age_s) this.putAge(place)
    if (this.ttl_s !== place.ttl_s) this.putTtl(place)
    place.memory.copy(bytes, from, 0, size_bytes)
    return from + size_bytes
  }

  /** The same but for the values of Age and ttl. */
  private resembles(place: Place): boolean {
    const { age_s, ttl_s } = this
    if (place.trace !== this.trace || place.length_bytes !== this.length_bytes || place.end !== this.end) return false
    if (place.ttl_s !== ttl_s && (ttl_s === NO_NUMBER || widthOf(ttl_s) !== place.ttl_width)) return false
    return place.age_s === age_s || (age_s >= 0 && digitsOf(age_s) === place.age_digits)
  }

  private putAge(place: Place): void {
    putInteger(place.memory, this.lines.length + AGE.length, this.age_s)
    place.age_s = this.age_s
  }

  private putTtl(place: Place): void {
    const age_bytes = place.age_s < 0 ? 0 : AGE.length + place.age_digits + CRLF.length
    putInteger(place.memory, this.lines.length + age_bytes + this.trace.length, this.ttl_s)
    place.ttl_s = this.ttl_s
  }

  private remember(place: Place, bytes: Latin1Buffer, from: number, end: number): number {
    const size_bytes = end - from
    if (size_bytes > REMEMBERED_MAX_BYTES) return end
    if (place.memory.length < size_bytes) place.memory = Buffer.allocUnsafeSlow(size_bytes) as Latin1Buffer
    bytes.copy(place.memory, 0, from, end)
    place.size_bytes = size_bytes
    place.trace = this.trace
    place.end = this.end
    place.length_bytes = this.length_bytes
    place.age_s = this.age_s
    place.ttl_s = this.ttl_s
    place.ttl_width = this.ttl_width
    place.age_digits = this.age_s < 0 ? 0 : digitsOf(this.age_s)
    return end
  }

  private make(bytes: Latin1Buffer, from: number): number {
    let at = putText(bytes, from, this.lines)
    if (this.age_s >= 0) at = putNumber(bytes, at, AGE, this.age_s)
    if (this.trace !== '') at = this.putTrace(bytes, at)
    if (this.length_bytes >= 0) at = putNumber(bytes, at, CONTENT_LENGTH, this.length_bytes)
    return putText(bytes, at, this.end)
  }

  private putTrace(bytes: Latin1Buffer, from: number): number {
    const at = putText(bytes, from, this.trace)
    return putText(bytes, this.ttl_s === NO_NUMBER ? at : putInteger(bytes, at, this.ttl_s), CRLF)
  }
}

function putNumber(bytes: Latin1Buffer, at: number, name: string, value: number): number {
  return putText(bytes, putInteger(bytes, putText(bytes, at, name), value), CRLF)
}
