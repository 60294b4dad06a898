import assert from 'node:assert/strict'
import test from 'node:test'
import { partTimes } from '../../../../api/cli/inspect/profile-graph.ts'

test('a node without a part counts for the one before it, the median of the runs counts, and warming up does not', () => {
  const nodes = [['pixels/float', 1], ['stem/conv', 10], ['reorder', 5], ['tail', 100], ['logits', 20]] as const
  const events = Array.from({ length: 33 }, (_, run) => nodes.map(([name, dur], i) =>
    ({ cat: 'Node', name, dur: run < 3 ? 1e9 : run === 20 ? 1e6 : dur, ts: run * 10 + i }))).flat().reverse()
  const times = [...partTimes(events, ['stem', 'tail'])].map(([part, ms]) => [part, Math.round(ms * 1000)])
  assert.deepEqual(times, [['stem', 16], ['tail', 120]])
})
