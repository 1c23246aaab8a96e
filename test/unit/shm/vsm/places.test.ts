import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { INDEX, MGT, placeOf, placesFor } from '../../../../src/shm/vsm/places.ts'

const USER = { uid: 1000, environment: { XDG_RUNTIME_DIR: '/run/user/1000' } }

test.each([
  ['root', { uid: 0, environment: {} }, undefined, ['/run/lacquer/lacquer', '/tmp/lacquer-0/lacquer']],
  ['a user in a session', USER, undefined, ['/run/user/1000/lacquer/lacquer', '/tmp/lacquer-1000/lacquer']],
  ['a user without one', { uid: 1000, environment: {} }, undefined, ['/tmp/lacquer-1000/lacquer']],
  [
    'a service',
    { uid: 7, environment: { RUNTIME_DIRECTORY: '/run/lacquer:/run/b' } },
    undefined,
    ['/run/lacquer/lacquer', '/tmp/lacquer-7/lacquer'],
  ],
  ['an empty name', USER, '', ['/run/user/1000/lacquer/lacquer', '/tmp/lacquer-1000/lacquer']],
  ['a name', USER, 'shop', ['/run/user/1000/lacquer/shop', '/tmp/lacquer-1000/shop']],
  ['a path', USER, '/srv/shop', ['/srv/shop']],
])('%s', (_, from, name, places) => {
  expect(placesFor(name, from)).toEqual(places)
})

test.each(['a/b', './a', '..', '.', '/a\0', 'a\nb'])('%j could be meant otherwise', (name) => {
  expect(() => placesFor(name, USER)).toThrow('-n')
})

test('a tool finds the one that is there, and the system’s last', () => {
  const session = mkdtempSync(join(tmpdir(), 'lacquer-'))
  // Of nobody: the directory in /tmp is this test's.
  const uid = 1_000_000_000 + process.pid
  const from = { uid, environment: { XDG_RUNTIME_DIR: session } }
  expect(placeOf('shop', from)).toBe(`${session}/lacquer/shop`)
  const other = `/tmp/lacquer-${uid}/shop`
  mkdirSync(`${other}/${MGT}`, { recursive: true })
  writeFileSync(`${other}/${MGT}/${INDEX}`, '')
  expect(placeOf('shop', from)).toBe(other)
  rmSync(`/tmp/lacquer-${uid}`, { recursive: true })
  rmSync(session, { recursive: true })
})
