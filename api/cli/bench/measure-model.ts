/** How fast a model is on this machine, without HTTP: the service's own decoding, sessions and pipeline, each for a bounded time. */
import { Classifier, type Classification, type ClassifierOptions } from '../../engine/classifier.ts'
import { ServiceError } from '../../errors.ts'
import { preprocess } from '../../images/preprocess.ts'
import { Session, sessionWorkerFile } from '../../engine/session.ts'

export interface BatchMeasurement {
  /** Of the runs of the session alone, and the pipeline's limit. */
  readonly batchSize: number
  /** Of one session with nothing beside it, in ms an image. */
  readonly sessionMs: number
  /** Of the whole pipeline on all cores, from encoded bytes to labels. */
  readonly imagesPerSecond: number
  /** Images in a batch of the pipeline, in the mean: decoding may not keep up with a large one. */
  readonly meanBatch: number
}

export interface Measurement {
  /** Of one image with nothing beside it, in ms. */
  readonly decodeMs: number
  readonly batches: readonly BatchMeasurement[]
}

const warmUpMs = 200
const topK = 5

/**
 * @param photos - Encoded; used in turn.
 * @param rowMs - For each batch size, half of it for the session and half for the pipeline.
 * @throws ServiceError if a photo cannot be classified.
 */
export async function measureModel (
  options: ClassifierOptions, photos: readonly Buffer[], batchSizes: readonly number[], rowMs: number
): Promise<Measurement> {
  const { model, executionProvider, intraOpNumThreads } = options
  const { preprocessing } = model.manifest
  const decodeMs = await measureDecoding(options, photos, rowMs / 2)
  const pixels = await preprocess(photos[0]!, { ...options, preprocessing }, new AbortController().signal)
  const workerData = { graphFile: model.graphFile, executionProvider, intraOpNumThreads, preprocessing }
  const batches: BatchMeasurement[] = []
  for (const batchSize of batchSizes) {
    const session = await Session.start(model.manifest, model.layout, sessionWorkerFile, workerData)
    const images = Array<Uint8Array>(batchSize).fill(pixels)
    const sessionMs = await meanMs(async () => await session.run(images), rowMs / 2).finally(async () => await session.end()) / batchSize
    batches.push({ batchSize, sessionMs, ...await measurePipeline(options, photos, batchSize, rowMs / 2) })
  }
  return { decodeMs, batches }
}

/** Milliseconds of one call, in the mean of those that begin within `forMs` of a warm start. */
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

/** By whatever decodes in the service, one photo at a time. */
async function measureDecoding (options: ClassifierOptions, photos: readonly Buffer[], forMs: number): Promise<number> {
  const classifier = new Classifier({ ...options, workers: 1 })
  let photo = 0
  let decodeMs = 0
  const classifyNext = async (): Promise<void> => {
    const { times } = await classifyPhoto(classifier, photos[photo++ % photos.length]!)
    decodeMs += times.decode
  }
  try {
    await classifier.start()
    await classifyFor(classifyNext, Math.min(warmUpMs, forMs))
    photo = decodeMs = 0
    await classifyFor(classifyNext, forMs)
    return decodeMs / photo
  } finally {
    await classifier.close()
  }
}

/** @throws ServiceError if it cannot be classified. */
async function classifyPhoto (classifier: Classifier, photo: Buffer): Promise<Classification> {
  const classification = await classifier.classify([photo], { topK }, new AbortController().signal)
  const [result] = classification.results
  if (result instanceof ServiceError) throw result
  return classification
}

async function classifyFor (classifyNext: () => Promise<void>, forMs: number): Promise<void> {
  const until = performance.now() + forMs
  do await classifyNext(); while (performance.now() < until)
}

/** With as many images in work as keep every session and every decoder busy. */
async function measurePipeline (
  options: ClassifierOptions, photos: readonly Buffer[], maxBatchSize: number, forMs: number
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
      await classifyFor(async () => { await classifyPhoto(classifier, photos[i++ % photos.length]!) }, ms)
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
