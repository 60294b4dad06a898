/** Results with round numbers. */
import type { PeerComparison } from '../../../loadtest/peers/matchup.ts'
import type { Results } from '../../../loadtest/peers/results.ts'
import type { Run } from '../../../loadtest/peers/turn.ts'

export function someRun (run: Partial<Run> = {}): Run {
  return {
    requestsPerSecond: 100, p50Ms: 80, p99Ms: 150, cpuMsPerImage: 10, rssBytes: 250e6, pssBytes: 240e6, startMs: 800, failed: 0, ...run,
  }
}

export function somePeerComparison (peer: string, ours: Partial<Run>, theirs: Partial<Run> = {}): PeerComparison {
  return {
    peer,
    version: '1.2.3',
    setting: 'two workers',
    body: 'raw',
    pairs: [{ ours: someRun(ours), theirs: someRun(theirs) }],
    agreement: { photos: 4, sameTop1: 4, leastShared: 5, scoreDifference: 0.004 },
  }
}

export function someResults (results: Partial<Results> = {}): Results {
  return {
    date: '2026-11-25',
    machine: '2 cores of a processor',
    versions: { Node: '20.20.2' },
    commit: 'abc1234',
    rounds: 1,
    secondsOfLoad: 4,
    users: 16,
    comparisons: [],
    blockedGraph: undefined,
    draftDecoding: undefined,
    starts: [],
    barePython: [],
    graphRatio: {},
    idleLatency: undefined,
    twoWorkers: undefined,
    coreScaling: undefined,
    gaps: [],
    ...results,
  }
}
