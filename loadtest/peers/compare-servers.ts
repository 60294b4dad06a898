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
import { ghostServe, withVariables, type Contestant } from './contestants.ts'
import { describeCores, findCommit, listVersions, ourVersion } from './versions.ts'
import { playMatchup, type Matchup } from './matchup.ts'
import { spreadOf, type Pair } from './ratio.ts'
import type { Case, Comparison, Results } from './results.ts'
import { measureStarts } from './starts.ts'
import { takeTurn, type Turn } from './turn.ts'

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
  readonly #say: (sentence: string) => void
  readonly #gaps: string[] = []
  readonly #workers = countAvailableCores()

  /** @param say - Told of each step, in a sentence. */
  constructor (effort: Effort, say: (sentence: string) => void) {
    this.#effort = effort
    this.#say = say
  }

  async run (contestants: readonly Contestant[]): Promise<Results> {
    const { rounds, seconds } = this.#effort
    const web = await this.#bodies('web')
    const first = await this.#compare({ model: 'ghostnet_100', photos: 'web' }, contestants)
    const finalists = this.#fastest(first, contestants, this.#effort.finalists)
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
      blockedGraph: await this.#compareBest(first, contestants, 'our graph', { PEER_GRAPH: chooseLayout() }),
      draftDecoding: await this.#compareBest(large, contestants, '`draft`', { PEER_DECODE: 'draft' }),
      starts: await this.#starts(contestants, web),
      barePython: await this.#attempt('Pillow and the bare graph', () => this.#barePython(model, web.raw)) ?? [],
      graphRatio: await this.#graphRatios(),
      idleLatency: await this.#attempt('the idle latency', () => measureIdleLatency(onBars, this.#effort.idleBlocks)),
      twoWorkers: await this.#attempt('the memory of 2 workers', () => this.#twoWorkers(model, web.raw)),
      coreScaling: await this.#attempt('1 and 2 cores', () => measureCoreScaling(model, web.raw.map(({ path }) => path), rounds, seconds)),
      gaps: this.#gaps,
    }
  }

  async #compare ({ model, photos }: Case, contestants: readonly Contestant[]): Promise<Comparison> {
    this.#say(`${model}, ${photos} photos`)
    const { rounds, seconds, warmUpSeconds } = this.#effort
    const options = {
      model: await makeRandomModel(model),
      workers: this.#workers,
      bodies: await this.#bodies(photos),
      rounds,
      seconds,
      warmUpSeconds,
      ourVersion: ourVersion(),
      say: this.#say,
    }
    const matchups: Matchup[] = []
    for (const contestant of contestants) {
      const matchup = await this.#attempt(`${contestant.name} with ${model} and ${photos} photos`, () => playMatchup(contestant, options))
      if (matchup !== undefined) matchups.push(matchup)
    }
    return { model, photos, matchups }
  }

  /** The best peer of a comparison with something else in it. */
  async #compareBest (
    comparison: Comparison, contestants: readonly Contestant[], name: string, variables: Readonly<Record<string, string>>
  ): Promise<Comparison | undefined> {
    const [best] = this.#fastest(comparison, contestants, 1)
    return best && await this.#compare(comparison, [withVariables(best, name, variables)])
  }

  #fastest ({ matchups }: Comparison, contestants: readonly Contestant[], count: number): Contestant[] {
    const rate = ({ pairs }: Matchup): number => spreadOf(pairs.map(({ theirs }) => theirs.requestsPerSecond)).median
    const names = [...matchups].sort((a, b) => rate(b) - rate(a)).slice(0, count).map(({ peer }) => peer)
    return contestants.filter(({ name }) => names.includes(name))
  }

  async #starts (contestants: readonly Contestant[], bodies: Readonly<Record<BodyForm, readonly BodyFile[]>>): Promise<Results['starts']> {
    this.#say('start to first answer')
    const bundled = join(packageRoot, 'models/bundled')
    return await measureStarts([ghostServe('raw', ''), ...contestants], bundled, bodies, this.#workers, this.#effort.startRounds)
  }

  async #barePython (model: string, bodies: readonly BodyFile[]): Promise<Array<Pair<number>>> {
    const { rounds, seconds } = this.#effort
    const pairs: Array<Pair<number>> = []
    for (let round = 0; round < rounds; round++) {
      const { turn } = await takeTurn(ghostServe('raw', ''), { ...this.#effort, model, workers: this.#workers, bodies })
      pairs.push({ ours: turn.cpuMsPerImage, theirs: await measureBarePython(model, bodies.map(({ path }) => path), seconds) })
    }
    return pairs
  }

  async #twoWorkers (model: string, bodies: readonly BodyFile[]): Promise<Turn> {
    return (await takeTurn(ghostServe('raw', ''), { ...this.#effort, model, workers: 2, bodies })).turn
  }

  async #graphRatios (): Promise<Results['graphRatio']> {
    this.#say('graphs')
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

  /** One row that cannot be measured does not cost the others: it is told of instead. */
  async #attempt<Result> (what: string, measure: () => Promise<Result>): Promise<Result | undefined> {
    this.#say(what)
    try {
      return await measure()
    } catch (error) {
      if (!(error instanceof LabError)) throw error
      this.#gaps.push(`${what}: ${error.message.split('\n').at(-1)}`)
      this.#say(`NOT MEASURED: ${what}: ${error.message}`)
      return undefined
    }
  }
}
