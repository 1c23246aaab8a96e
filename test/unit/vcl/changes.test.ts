import { expect, test } from 'vitest'
import { recv } from '../../kit/fake-context.ts'

/** What rules do to field lines is told, for the log: what goes, then what comes. */
test.each<[string, string, string[]]>([
  ['a new field', 'set req.http.x = "1";', ['+ x: 1']],
  ['a field that was there', 'set req.http.A = "2";', ['- a: 1', '+ A: 2']],
  ['a field of several lines', 'set req.http.b = "3";', ['- b: 1', '- B: 2', '+ b: 3']],
  ['a field that goes', 'unset req.http.b;', ['- b: 1', '- B: 2']],
  ['a field that was not there', 'unset req.http.x;', []],
  ['lines made one', 'std.collect(req.http.b);', ['- b: 1', '- B: 2', '+ b: 1, 2']],
])('%s', (_, statement, changes) => {
  const c = recv(statement, ({ req }) => {
    req.fields.append('a', '1')
    req.fields.append('b', '1')
    req.fields.append('B', '2')
  })
  expect(c.changes).toEqual(changes)
})
