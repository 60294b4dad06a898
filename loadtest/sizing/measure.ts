/** `npm run loadtest:sizing`: prints what one image and one start cost on this machine, as JSON, after a minute. */
import { getPriority } from 'node:os'
import { countAvailableCores } from '../../api/machine/available-cores.ts'
import { measureColdStarts } from '../cold-start.ts'
import { findK6 } from '../k6-binary.ts'
import { Lab } from '../lab.ts'
import { LabError } from '../lab-error.ts'
import { describeCommit, describeMachine } from '../machine.ts'
import { makePhotos, type PhotoSize } from '../photos.ts'
import { readThreadSeconds, readUsage } from '../process-usage.ts'
import { makeRandomModel } from '../random-model.ts'
import { startService } from '../service.ts'
import { packageRoot } from '../../models/package-root.ts'

const model = 'ghostnet_100'
const users = 16
const seconds = 6
/** Measurements per size. The cheapest counts, as does the quickest start: other processes only ever add. */
const rounds = 3
const starts = 10
/** The main thread has that of this process; the others' are in docs/decisions/0011. */
const niceness = { main: getPriority(), pool: 5, session: 10 }

if (niceness.main >= niceness.pool) throw new LabError('BAD_REQUEST', `Expected a niceness below ${niceness.pool}, to tell the threads apart, got ${niceness.main}.`)
const cores = countAvailableCores()
if (cores < 2) throw new LabError('BAD_REQUEST', `Expected two cores or more, so that one has no session, got ${cores}.`)
const k6 = await findK6()
const env = { MODEL: await makeRandomModel(model) }
const machine = describeMachine()
const commit = await describeCommit(packageRoot)
const cpuMs = { web: await measureCpu('web'), phone: await measureCpu('phone') }
const [photo] = await makePhotos(['web'])
const { milliseconds } = await measureColdStarts(starts, photo!, { env }, log)
const result = {
  at: new Date().toISOString(),
  machine,
  ...(commit !== undefined && { commit }),
  model,
  cpuMs,
  /** From the spawn of the process to its first classified photo, the quickest. */
  startMs: round(Math.min(...milliseconds)),
}
process.stdout.write(`${JSON.stringify(result, null, 2)}\n`)

/** Fewer sessions than cores: libvips then decodes everything on its own threads, as it does with a GPU. */
async function measureCpu (size: PhotoSize): Promise<CpuMs> {
  const onCpu = totalOf(await measureStages(size, env))
  return { ...await measureStages(size, { ...env, WORKERS: String(cores - 1) }), onCpu }
}

/** CPU milliseconds per image under a load that keeps all cores busy. */
async function measureStages (size: PhotoSize, env: Record<string, string>): Promise<Stages> {
  const service = await startService({ env })
  try {
    using lab = new Lab({ k6, url: service.url, pid: service.pid, photos: await makePhotos([size]), form: 'raw', imagesPerRequest: 1, log })
    const measured: Stages[] = []
    for (let round = 1; round <= rounds; round++) {
      const before = await sample(service)
      await lab.runClosed(users, seconds, { label: `${size} photos, round ${round}`, minimum: { seconds: 0, requests: 1 } })
      measured.push(cpuBetween(before, await sample(service)))
    }
    return measured.reduce((best, cpu) => totalOf(cpu) < totalOf(best) ? cpu : best)
  } finally {
    await service.stop()
  }
}

/** CPU milliseconds per image. */
interface Stages {
  /** Main thread and V8's helpers. */
  readonly http: number
  /** Thread pool, in which libvips decodes, as it does with a GPU. */
  readonly decode: number
  /** Session workers, which run the network on the CPU. */
  readonly session: number
}

/** `onCpu` is the whole process where each core has a session, which decodes what it can itself. */
type CpuMs = Stages & { readonly onCpu: number }

interface Sample { readonly images: number, readonly total: number, readonly main: number, readonly session: number }

async function sample ({ url, pid }: { url: string, pid: number }): Promise<Sample> {
  const exposition = await (await fetch(`${url}/metrics`)).text()
  const threads = readThreadSeconds(pid)
  return {
    images: Number(/^ghostserve_batch_size_sum (\S+)$/m.exec(exposition)?.[1] ?? NaN),
    total: readUsage(pid)!.cpuSeconds,
    main: threads.get(niceness.main) ?? NaN,
    session: threads.get(niceness.session) ?? NaN,
  }
}

function totalOf ({ http, decode, session }: Stages): number {
  return round(http + decode + session)
}

function cpuBetween (before: Sample, after: Sample): Stages {
  const anImage = (cpuSeconds: (of: Sample) => number): number =>
    round((cpuSeconds(after) - cpuSeconds(before)) * 1000 / (after.images - before.images))
  return {
    http: anImage(({ main }) => main),
    // The rest: libvips ends threads of its own when they idle, so that no sum of living threads has all of it.
    decode: anImage(({ total, main, session }) => total - main - session),
    session: anImage(({ session }) => session),
  }
}

function round (value: number): number {
  return Number(value.toPrecision(3))
}

function log (sentence: string): void {
  process.stderr.write(`${sentence}\n`)
}
