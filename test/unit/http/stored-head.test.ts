import { expect, test } from 'vitest'
import { NO_NUMBER, type Latin1Buffer } from '../../../src/base/digits.ts'
import { StoredHead } from '../../../src/http/stored-head.ts'

const LINES = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX: \u00e9\r\n'

test.each([
  [-1, -1, ''],
  [0, -1, 'Age: 0\r\n'],
  [9, 10, 'Age: 9\r\nContent-Length: 10\r\n'],
  [99, 100, 'Age: 99\r\nContent-Length: 100\r\n'],
  [2 ** 31, 2 ** 40, 'Age: 2147483648\r\nContent-Length: 1099511627776\r\n'],
  [-1, 999_999_999, 'Content-Length: 999999999\r\n'],
  [1_000_000_000, 0, 'Age: 1000000000\r\nContent-Length: 0\r\n'],
])('age %d, length %d: the text, and its size beforehand', (age_s, length_bytes, said) => {
  const head = new StoredHead()
  head.lines = LINES
  head.age_s = age_s
  head.length_bytes = length_bytes
  const bytes = Buffer.alloc(300, '~') as Latin1Buffer
  const end = head.put(bytes, 5)
  expect(bytes.toString('latin1', 0, end + 1)).toBe(`~~~~~${LINES}${said}\r\n~`)
  expect(end - 5).toBe(head.size_bytes)
})

test('what became of the request stands between Age and Content-Length', () => {
  const head = new StoredHead()
  Object.assign(head, { lines: LINES, trace: 'Via: x', age_s: 1, length_bytes: 2, end: 'Connection: close\r\n\r\n' })
  const bytes = Buffer.alloc(300) as Latin1Buffer
  expect(bytes.toString('latin1', 0, head.put(bytes, 0))).toBe(`${LINES}Age: 1\r\nVia: x\r\nContent-Length: 2\r\nConnection: close\r\n\r\n`)
})

test('made again and again, with other numbers: each time what it would be if it were made anew', () => {
  const again = new StoredHead()
  const bytes = Buffer.alloc(400) as Latin1Buffer
  const numbers: [age_s: number, ttl_s: number][] = []
  for (const age_s of [-1, 0, 1, 9, 10, 11, 99, 100]) {
    for (const ttl_s of [NO_NUMBER, 100, 99, 10, 9, 1, 0, -1, -9, -10, -100, 2 ** 31]) numbers.push([age_s, ttl_s])
  }
  for (const [age_s, ttl_s] of [...numbers, ...numbers.toReversed(), ...numbers.toSorted(([, a], [, b]) => a - b)]) {
    for (let times = 0; times < 3; times++) {
      Object.assign(again, { lines: LINES, trace: ttl_s === NO_NUMBER ? 'Via: x' : 'Via: x; ttl=', age_s, ttl_s, length_bytes: 5, key: 7 })
      const end = again.put(bytes, 0)
      const age = age_s < 0 ? '' : `Age: ${age_s}\r\n`
      const ttl = ttl_s === NO_NUMBER ? '' : `; ttl=${ttl_s}`
      expect(bytes.toString('latin1', 0, end)).toBe(`${LINES}${age}Via: x${ttl}\r\nContent-Length: 5\r\n\r\n`)
      expect(end).toBe(again.size_bytes)
    }
  }
})
