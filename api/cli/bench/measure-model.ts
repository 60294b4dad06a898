/** Speed of a model on this machine without HTTP: the service's decoding, sessions and pipeline, each for a bounded time. */
import { Classifier, type Classification, type ClassifierOptions } from '../../engine/classifier.ts'
import { ServiceError } from '../../errors.ts'
import { preprocess } from '../../images/preprocess.ts'
import { Session, sessionWorkerFile } from '../../engine/session.ts'

export interface BatchMeasurement {
  /** Batch size of the session's runs, and limit of the pipeline's. */
  readonly batchSize: number
  /** Time of one session alone, in ms per image. */
  readonly sessionMs: number
  /** Throughput of the pipeline on all cores, from encoded bytes to labels. */
  readonly imagesPerSecond: number
  /** Mean batch size in the pipeline: decoding may be too slow to fill a large batch. */
  readonly meanBatch: number
}

export interface Measurement {
  /** Time of decoding one image alone, in ms. */
  readonly decodeMs: number
  readonly batches: readonly BatchMeasurement[]
}

const warmUpMs = 200
const topK = 5

/**
 * Measures a model.
 *
 * @param files - Encoded images, used in turn.
 * @param rowMs - Milliseconds per batch size, half for the session and half for the pipeline.
 * @throws ServiceError if an image cannot be classified.
 */
export async function measureModel (
  options: ClassifierOptions, files: readonly Buffer[], batchSizes: readonly number[], rowMs: number
): Promise<Measurement> {
  const { model, executionProvider, intraOpNumThreads } = options
  const { preprocessing } = model.manifest
  const decodeMs = await measureDecoding(options, files, rowMs / 2)
  const pixels = await preprocess(files[0]!, { ...options, preprocessing }, new AbortController().signal)
  const workerData = { graphFile: model.graphFile, executionProvider, intraOpNumThreads, preprocessing }
  const batches: BatchMeasurement[] = []
  for (const batchSize of batchSizes) {
    const session = await Session.start(model.manifest, model.layout, sessionWorkerFile, workerData)
    const images = Array<Uint8Array>(batchSize).fill(pixels)
    const sessionMs = await meanMs(async () => await session.run(images), rowMs / 2).finally(async () => await session.end()) / batchSize
    batches.push({ batchSize, sessionMs, ...await measurePipeline(options, files, batchSize, rowMs / 2) })
  }
  return { decodeMs, batches }
}

/** Mean milliseconds of the calls that begin within `forMs`, after a warm-up. */
async function meanMs (work: () => Promise<unknown>, forMs: number): Promise<number> {
  const warmUntil = performance.now() + Math.min(warmUpMs, forMs)
  do await work(); while (performance.now() < warmUntil)
  const startedAt = performance.now()
  let calls = 0
  do {
    await work()
    calls++
  } while (performance.now() < startedAt + forMs)
  return (performance.now() - startedAt) / calls
}

/** Measures decoding, by the decoder that the service would use, one image at a time. */
async function measureDecoding (options: ClassifierOptions, files: readonly Buffer[], forMs: number): Promise<number> {
  const classifier = new Classifier({ ...options, workers: 1 })
  let at = 0
  let decodeMs = 0
  const classifyNext = async (): Promise<void> => {
    const { times } = await classifyImage(classifier, files[at++ % files.length]!)
    decodeMs += times.decode
  }
  try {
    await classifier.start()
    await classifyFor(classifyNext, Math.min(warmUpMs, forMs))
    at = decodeMs = 0
    await classifyFor(classifyNext, forMs)
    return decodeMs / at
  } finally {
    await classifier.close()
  }
}

/** Classifies one image. @throws ServiceError if it cannot be classified. */
async function classifyImage (classifier: Classifier, file: Buffer): Promise<Classification> {
  const classification = await classifier.classify([file], { topK }, new AbortController().signal)
  const [result] = classification.results
  if (result instanceof ServiceError) throw result
  return classification
}

async function classifyFor (classifyNext: () => Promise<void>, forMs: number): Promise<void> {
  const until = performance.now() + forMs
  do await classifyNext(); while (performance.now() < until)
}

/** Measures the pipeline, with enough images in flight to keep every session and every decoder busy. */
async function measurePipeline (
  options: ClassifierOptions, files: readonly Buffer[], maxBatchSize: number, forMs: number
): Promise<Pick<BatchMeasurement, 'imagesPerSecond' | 'meanBatch'>> {
  const inWork = 2 * options.workers * maxBatchSize + options.decodeConcurrency
  const classifier = new Classifier({ ...options, maxBatchSize, maxQueueSize: inWork })
  let images = 0
  let batches = 0
  classifier.events.on('batch', ({ size }) => {
    images += size
    batches++
  })
  const loadFor = async (ms: number): Promise<number> => {
    images = batches = 0
    const startedAt = performance.now()
    await Promise.all(Array.from({ length: inWork }, async (_, i) => {
      await classifyFor(async () => { await classifyImage(classifier, files[i++ % files.length]!) }, ms)
    }))
    return performance.now() - startedAt
  }
  try {
    await classifier.start()
    await loadFor(Math.min(warmUpMs, forMs))
    const tookMs = await loadFor(forMs)
    return { imagesPerSecond: images / tookMs * 1000, meanBatch: images / batches }
  } finally {
    await classifier.close()
  }
}
