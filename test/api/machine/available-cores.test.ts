import assert from 'node:assert/strict'
import test from 'node:test'
import { countAvailableCores } from '../../../api/machine/available-cores.ts'

function files (contents: Record<string, string>): (path: string) => string {
  return (path) => contents[path] ?? assert.fail(`there is no ${path}`)
}

test('without a control group the affinity counts', () => {
  assert.equal(countAvailableCores(6, () => { throw new Error('none') }), 6)
})

test('a quota of version 2 limits it, rounded down', () => {
  assert.equal(countAvailableCores(8, files({ '/sys/fs/cgroup/cpu.max': '350000 100000\n' })), 3)
})

test('a quota of version 1 limits it', () => {
  const quota = { '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '200000\n', '/sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n' }
  assert.equal(countAvailableCores(8, (path) => quota[path as keyof typeof quota] ?? (() => { throw new Error('none') })()), 2)
})

test('no quota is no limit', () => {
  assert.equal(countAvailableCores(4, files({ '/sys/fs/cgroup/cpu.max': 'max 100000\n' })), 4)
})

test('less than a core is still one', () => {
  assert.equal(countAvailableCores(4, files({ '/sys/fs/cgroup/cpu.max': '50000 100000\n' })), 1)
})
