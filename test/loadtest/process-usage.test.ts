import assert from 'node:assert/strict'
import test from 'node:test'
import { readThreadSeconds, readUsage } from '../../loadtest/process-usage.ts'

test('the threads of a process have used at most what it has', { skip: process.platform !== 'linux' && 'there is no /proc' }, () => {
  for (const until = performance.now() + 50; performance.now() < until;); // something to see
  const ofThreads = [...readThreadSeconds(process.pid).values()].reduce((sum, seconds) => sum + seconds, 0)
  assert.ok(ofThreads > 0)
  assert.ok(ofThreads <= readUsage(process.pid)!.cpuSeconds + 0.02)
})
