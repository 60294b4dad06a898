/** The whole comparison, step by step. */
import { join } from 'node:path'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { countAvailableCores } from '../../api/machine/available-cores.ts'
import { chooseLayout } from '../../api/machine/choose-layout.ts'
import { packageRoot } from '../../models/package-root.ts'
import { writeBodies, type BodyForm } from '../bodies.ts'
import { LabError } from '../lab-error.ts'
import { makePhotos, type PhotoSize } from '../photos.ts'
import type { BodyFile } from '../plan.ts'
import { makeRandomModel, type RandomModel } from '../random-model.ts'
import { measureBarePython } from './bars/bare-python.ts'
import { measureCoreScaling } from './bars/core-scaling.ts'
import { measureGraphRatio } from './bars/graph-ratio.ts'
import { measureIdleLatency } from './bars/idle-latency.ts'
import { users } from './closed-loop.ts'
import { ghostServe, withVariables, type Target } from './contestants.ts'
import { describeCores, findCommit, listVersions, ourVersion } from './versions.ts'
import { comparePeer, type PeerComparison } from './matchup.ts'
import { spreadOf, type Pair } from './ratio.ts'
import type { Case, Comparison, Results } from './results.ts'
import { measureStarts } from './starts.ts'
import { measureRun, type Run } from './turn.ts'

export interface Effort {
  readonly rounds: number
  readonly seconds: number
  readonly warmUpSeconds: number
  /** Peers that go on to the other cases: the fastest of the first. */
  readonly finalists: number
  readonly startRounds: number
  readonly graphRounds: number
  readonly idleBlocks: number
}

export class Comparer {
  readonly #effort: Effort
  readonly #log: (sentence: string) => void
  readonly #gaps: string[] = []
  readonly #workers = countAvailableCores()

  /** @param log - Called with a sentence at each step. */
  constructor (effort: Effort, log: (sentence: string) => void) {
    this.#effort = effort
    this.#log = log
  }

  async run (targets: readonly Target[]): Promise<Results> {
    const { rounds, seconds } = this.#effort
    const web = await this.#bodies('web')
    const first = await this.#compare({ model: 'ghostnet_100', photos: 'web' }, targets)
    const finalists = this.#fastest(first, targets, this.#effort.finalists)
    const small = await this.#compare({ model: 'ghostnet_050', photos: 'web' }, finalists)
    const large = await this.#compare({ model: 'ghostnet_100', photos: 'phone' }, finalists)
    const model = await makeRandomModel('ghostnet_100')
    const onBars = { model, workers: this.#workers, bodies: web.raw }
    return {
      date: new Date().toISOString().slice(0, 10),
      machine: describeCores(),
      versions: await listVersions(),
      commit: await findCommit(),
      rounds,
      secondsOfLoad: seconds,
      users,
      comparisons: [first, small, large],
      blockedGraph: await this.#compareBest(first, targets, 'our graph', { PEER_GRAPH: chooseLayout() }),
      draftDecoding: await this.#compareBest(large, targets, '`draft`', { PEER_DECODE: 'draft' }),
      starts: await this.#starts(targets, web),
      barePython: await this.#attempt('Pillow and the bare graph', () => this.#barePython(model, web.raw)) ?? [],
      graphRatio: await this.#graphRatios(),
      idleLatency: await this.#attempt('the idle latency', () => measureIdleLatency(onBars, this.#effort.idleBlocks)),
      twoWorkers: await this.#attempt('the memory of 2 workers', () => this.#twoWorkers(model, web.raw)),
      coreScaling: await this.#attempt('1 and 2 cores', () => measureCoreScaling(model, web.raw.map(({ path }) => path), rounds, seconds)),
      gaps: this.#gaps,
    }
  }

  async #compare ({ model, photos }: Case, targets: readonly Target[]): Promise<Comparison> {
    this.#log(`${model}, ${photos} photos`)
    const { rounds, seconds, warmUpSeconds } = this.#effort
    const options = {
      model: await makeRandomModel(model),
      workers: this.#workers,
      bodies: await this.#bodies(photos),
      rounds,
      seconds,
      warmUpSeconds,
      ourVersion: ourVersion(),
      log: this.#log,
    }
    const peerComparisons: PeerComparison[] = []
    for (const target of targets) {
      const peerComparison = await this.#attempt(`${target.name} with ${model} and ${photos} photos`, () => comparePeer(target, options))
      if (peerComparison !== undefined) peerComparisons.push(peerComparison)
    }
    return { model, photos, peerComparisons }
  }

  /** The best peer of a comparison, run again with other variables. */
  async #compareBest (
    comparison: Comparison, targets: readonly Target[], name: string, variables: Readonly<Record<string, string>>
  ): Promise<Comparison | undefined> {
    const [best] = this.#fastest(comparison, targets, 1)
    return best && await this.#compare(comparison, [withVariables(best, name, variables)])
  }

  #fastest ({ peerComparisons }: Comparison, targets: readonly Target[], count: number): Target[] {
    const rate = ({ pairs }: PeerComparison): number => spreadOf(pairs.map(({ theirs }) => theirs.requestsPerSecond)).median
    const names = [...peerComparisons].sort((a, b) => rate(b) - rate(a)).slice(0, count).map(({ peer }) => peer)
    return targets.filter(({ name }) => names.includes(name))
  }

  async #starts (targets: readonly Target[], bodies: Readonly<Record<BodyForm, readonly BodyFile[]>>): Promise<Results['starts']> {
    this.#log('start to first response')
    const bundled = join(packageRoot, 'models/bundled')
    return await measureStarts([ghostServe('raw', ''), ...targets], bundled, bodies, this.#workers, this.#effort.startRounds)
  }

  async #barePython (model: string, bodies: readonly BodyFile[]): Promise<Array<Pair<number>>> {
    const { rounds, seconds } = this.#effort
    const pairs: Array<Pair<number>> = []
    for (let round = 0; round < rounds; round++) {
      const { run } = await measureRun(ghostServe('raw', ''), { ...this.#effort, model, workers: this.#workers, bodies })
      pairs.push({ ours: run.cpuMsPerImage, theirs: await measureBarePython(model, bodies.map(({ path }) => path), seconds) })
    }
    return pairs
  }

  async #twoWorkers (model: string, bodies: readonly BodyFile[]): Promise<Run> {
    return (await measureRun(ghostServe('raw', ''), { ...this.#effort, model, workers: 2, bodies })).run
  }

  async #graphRatios (): Promise<Results['graphRatio']> {
    this.#log('graphs')
    const models: readonly RandomModel[] = ['ghostnet_100', 'ghostnet_050']
    const ratios: Results['graphRatio'] = {}
    for (const name of models) {
      Object.assign(ratios, { [name]: await measureGraphRatio(await makeRandomModel(name), this.#effort.graphRounds) })
    }
    return ratios
  }

  async #bodies (size: PhotoSize): Promise<Record<BodyForm, BodyFile[]>> {
    const photos = await makePhotos([size])
    const folder = await mkdtemp(join(tmpdir(), `${size}-`))
    return { raw: await writeBodies(folder, photos, 'raw', 1), multipart: await writeBodies(folder, photos, 'multipart', 1) }
  }

  /** Runs one measurement; a failure becomes a gap in the results, so that the others continue. */
  async #attempt<Result> (what: string, measure: () => Promise<Result>): Promise<Result | undefined> {
    this.#log(what)
    try {
      return await measure()
    } catch (error) {
      if (!(error instanceof LabError)) throw error
      this.#gaps.push(`${what}: ${error.message.split('\n').at(-1)}`)
      this.#log(`NOT MEASURED: ${what}: ${error.message}`)
      return undefined
    }
  }
}
