import { expect, test } from 'vitest'
import { boundConnections, boundSpareWorker, checkFileLimit, openFilesMax } from '../../../src/config/file-limit.ts'
import { defaultParameters } from '../../../src/config/parameters.ts'

const LIMITS = `Limit                     Soft Limit           Hard Limit           Units
Max processes             95823                95823                processes
Max open files            20000                20000                files
Max locked memory         8388608              8388608              bytes
`

test('the limit is read where the kernel says it', () => {
  expect(openFilesMax((path) => (path === '/proc/self/limits' ? LIMITS : undefined))).toBe(20_000)
  expect(openFilesMax(() => LIMITS.replaceAll('20000 ', 'unlimited'))).toBe(Infinity)
  expect(openFilesMax(() => undefined)).toBe(Infinity)
})

test('clients leave a quarter to the origins, and share the rest between the workers', () => {
  const bounded = (files_max: number, workers: number) => {
    const parameters = defaultParameters()
    const line = boundConnections(parameters, workers, files_max)
    return [parameters.max_connections, line]
  }
  expect(bounded(20_100, 1)).toEqual([15_000, 'max_connections is 15000, not 50000: this process may open 20100 files (ulimit -n)'])
  expect(bounded(20_100, 4)[0]).toBe(3750)
  expect(bounded(50, 1)[0]).toBe(1)
  expect(bounded(1_000_000, 2)).toEqual([50_000, undefined])
  expect(bounded(Infinity, 2)).toEqual([50_000, undefined])
})

test('too few for the program and its workers is one line, with what to do', () => {
  expect(() => checkFileLimit(71, 2, 1, 1)).toThrow(
    'this process may open 71 files, but with 2 workers it needs 72, and two for each connection: raise ulimit -n (LimitNOFILE= of systemd)',
  )
  expect(() => checkFileLimit(71, 1, 2, 1)).not.toThrow()
  expect(() => checkFileLimit(Infinity, 64, 9, 9)).not.toThrow()
})

test('there is a spare worker only where its descriptors are few of those that there are', () => {
  const bounded = (files_max: number, workers: number) => {
    const parameters = defaultParameters()
    const line = boundSpareWorker(parameters, files_max, workers, 1, 1)
    return [parameters.spare_worker, line]
  }
  expect(bounded(561, 1)).toEqual([false, 'spare_worker is off, not on: this process may open 561 files (ulimit -n)'])
  expect(bounded(562, 1)).toEqual([true, undefined])
  expect(bounded(1024, 32)).toEqual([true, undefined])
  expect(bounded(Infinity, 64)).toEqual([true, undefined])
  expect(boundSpareWorker({ ...defaultParameters(), spare_worker: false }, 70, 1, 1, 1)).toBeUndefined()
})
