/** Alternating runs of our service and one peer: A B A B. */
import type { BodyForm } from '../bodies.ts'
import { LabError } from '../lab-error.ts'
import type { BodyFile } from '../plan.ts'
import { compareGuesses, isAgreed, type Agreement } from './agreement.ts'
import { ghostServe, type Target } from './contestants.ts'
import type { Pair } from './ratio.ts'
import { measureRun, type Run, type RunOptions } from './turn.ts'

export interface PeerComparison {
  readonly peer: string
  readonly version: string
  readonly setting: string
  readonly body: BodyForm
  /** In order of time. */
  readonly pairs: ReadonlyArray<Pair<Run>>
  readonly agreement: Agreement
}

export interface PeerComparisonOptions extends Omit<RunOptions, 'bodies'> {
  readonly bodies: Readonly<Record<BodyForm, readonly BodyFile[]>>
  readonly rounds: number
  readonly ourVersion: string
  readonly log: (sentence: string) => void
}

/** @throws LabError `BAD_RESULT` if the predictions differ: the peer would not do the same work. */
export async function comparePeer (peer: Target, { rounds, ourVersion, log, ...options }: PeerComparisonOptions): Promise<PeerComparison> {
  const ours = ghostServe(peer.body, ourVersion)
  const runOptions = { ...options, bodies: options.bodies[peer.body] }
  const pairs: Array<Pair<Run>> = []
  let agreement: Agreement | undefined
  for (let round = 0; round < rounds; round++) {
    const our = await measureRun(ours, runOptions)
    const their = await measureRun(peer, runOptions)
    agreement ??= compareGuesses(our.guesses, their.guesses)
    if (!isAgreed(agreement)) {
      throw new LabError('BAD_RESULT',
        `Expected ${peer.name} to predict what we predict, ${JSON.stringify(our.guesses)}, got ${JSON.stringify(their.guesses)}.`)
    }
    pairs.push({ ours: our.run, theirs: their.run })
    log(`${peer.name} (${peer.body}), round ${round + 1} of ${rounds}: we ${describe(our.run)}; it ${describe(their.run)}`)
  }
  const { name, version, setting, body } = peer
  return { peer: name, version, setting, body, pairs, agreement: agreement! }
}

function describe ({ requestsPerSecond, p99Ms, cpuMsPerImage, failed }: Run): string {
  const failures = failed > 0 ? `, ${failed} FAILED` : ''
  return `${requestsPerSecond.toFixed(1)}/s, p99 ${p99Ms.toFixed(0)} ms, ${cpuMsPerImage.toFixed(1)} ms CPU per image${failures}`
}
