import { describe, expect, test } from 'vitest'
import { defaultStoreBytes, memoryLimit } from '../../../src/config/memory-limit.ts'

const MIB = 2 ** 20
const GIB = 2 ** 30
const MACHINE = 16 * GIB

describe('the memory this process may use', () => {
  test.each<[string, Record<string, string>, number]>([
    ['no cgroups: the machine’s', {}, MACHINE],
    ['v2, no limit', { '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/memory.max': 'max\n' }, MACHINE],
    ['v2 in a container', { '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/memory.max': '536870912\n' }, 512 * MIB],
    [
      'v2, an ancestor is tighter',
      {
        '/proc/self/cgroup': '0::/system.slice/lacquer.service\n',
        '/sys/fs/cgroup/system.slice/lacquer.service/memory.max': `${2 * GIB}\n`,
        '/sys/fs/cgroup/system.slice/memory.max': `${GIB}\n`,
      },
      GIB,
    ],
    [
      'v1: a huge number means no limit',
      {
        '/proc/self/cgroup': '5:cpu,memory:/x\n1:name=systemd:/x\n',
        '/sys/fs/cgroup/memory/x/memory.limit_in_bytes': '9223372036854771712\n',
      },
      MACHINE,
    ],
    ['v1, in a container', { '/proc/self/cgroup': '5:memory:/docker/1\n', '/sys/fs/cgroup/memory/memory.limit_in_bytes': `${GIB}\n` }, GIB],
    ['nonsense is not believed', { '/proc/self/cgroup': '0::/\nx\n', '/sys/fs/cgroup/memory.max': 'lots\n' }, MACHINE],
  ])('%s', (_, files, expected) => {
    expect(memoryLimit((path) => files[path], MACHINE)).toBe(expected)
  })

  test('on this machine', () => {
    expect(memoryLimit()).toBeGreaterThan(64 * MIB)
  })
})

test.each([
  [GIB, 409 * MIB],
  [16 * MIB, 32 * MIB],
  [512 * GIB, 8 * GIB],
])('a memory of %d bytes gives a store of %d', (limit, size) => expect(defaultStoreBytes(limit)).toBe(size))
