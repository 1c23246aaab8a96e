import { expect, test } from 'vitest'
import { columns, envelope, frame, readHead } from '../../../../src/admin/cli/framing.ts'

test('an answer is status, length, body and a line feed that does not count', () => {
  expect(frame(200, 'PONG 1 1.0')).toBe('200 10      \nPONG 1 1.0\n')
  expect(readHead('200 10      \n')).toEqual({ status: 200, length: 10 })
  for (const wrong of ['HTTP/1.1 200 ', '200 x       \n', '20  10      \n']) expect(readHead(wrong)).toBeUndefined()
})

test('JSON has an envelope', () => {
  expect(JSON.parse(envelope(2, ['ping', '-j'], 1.5, ' "PONG"'))).toEqual([2, ['ping', '-j'], 1.5, 'PONG'])
  expect(JSON.parse(envelope(2, ['ban.list', '-j'], 1.5, ''))).toEqual([2, ['ban.list', '-j'], 1.5])
})

/** As varnishd 7.1 printed them. */
test('columns are spaced as varnishd spaces them', () => {
  const rows = [
    ['active', 'auto', 'warm', '     0', 'boot'],
    ['available', 'auto', 'warm', '     0', 'b2', '<-', '(1 label)'],
    ['available', 'label', 'warm', '     0', 'foo', '->', 'b2 (1 return(vcl))'],
  ]
  expect(columns(rows)).toBe(
    'active      auto     warm         0    boot\n' +
      'available   auto     warm         0    b2      <-    (1 label)\n' +
      'available   label    warm         0    foo     ->    b2 (1 return(vcl))\n',
  )
  expect(columns([['active', 'auto', 'warm', '     0', 'boot']])).toBe('active   auto    warm         0    boot\n')
  expect(columns([['boot'], ['foo', 'b2']])).toBe('boot\nfoo    b2\n')
  const head = ['Backend name', 'Admin', 'Probe', 'Health', 'Last change']
  expect(columns([head])).toBe('Backend name   Admin    Probe    Health    Last change\n')
  const row = ['boot.default', 'healthy', '0/0', 'healthy', 'Sun, 22 Nov 2026 19:54:57 GMT']
  expect(columns([head, row])).toBe(
    'Backend name   Admin      Probe    Health     Last change\nboot.default   healthy    0/0      healthy    Sun, 22 Nov 2026 19:54:57 GMT\n',
  )
  expect(columns([])).toBe('')
})
