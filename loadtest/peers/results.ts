/** What a run of the comparison measured; its JSON is the result file. */
import type { RandomModel } from '../random-model.ts'
import type { PhotoSize } from '../photos.ts'
import type { PeerComparison } from './matchup.ts'
import type { Pair, Spread } from './ratio.ts'
import type { Start } from './starts.ts'
import type { Run } from './turn.ts'

export interface Case {
  readonly model: RandomModel
  readonly photos: PhotoSize
}

export interface Comparison extends Case {
  readonly peerComparisons: readonly PeerComparison[]
}

export interface Results {
  readonly date: string
  readonly machine: string
  readonly versions: Readonly<Record<string, string>>
  readonly commit: string
  readonly rounds: number
  readonly secondsOfLoad: number
  readonly users: number
  readonly comparisons: readonly Comparison[]
  /** The best peer with our graph, or with a shortcut: each gain separately. */
  readonly blockedGraph: Comparison | undefined
  readonly draftDecoding: Comparison | undefined
  readonly starts: readonly Start[]
  /** Our server under load, and Pillow with the bare graph, in CPU ms per image. */
  readonly barePython: ReadonlyArray<Pair<number>>
  readonly graphRatio: Readonly<Partial<Record<RandomModel, Spread>>>
  readonly idleLatency: { readonly ratio: Spread, readonly serviceMs: Spread, readonly bareMs: Spread } | undefined
  readonly twoWorkers: Run | undefined
  readonly coreScaling: { readonly ratio: Spread, readonly one: Spread, readonly two: Spread } | undefined
  /** What could not be measured, and why. */
  readonly gaps: readonly string[]
}

export function findComparison ({ comparisons }: Results, model: RandomModel, photos: PhotoSize): Comparison | undefined {
  return comparisons.find((comparison) => comparison.model === model && comparison.photos === photos)
}
