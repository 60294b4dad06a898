/** What others reported for GhostNet, or for serving a network of its size, each with its source, and how it relates to serving here. */

export interface ReportedNumber {
  readonly id: string
  readonly what: string
  readonly hardware: string
  readonly work: 'training' | 'inference' | 'serving'
  /** The model it was reported for; undefined where that is no GhostNet. */
  readonly model: 'ghostnet_050' | 'ghostnet_100' | 'ghostnet_130' | undefined
  readonly imagesPerSecond: number
  /** Time of one step of `batchSize` images on each device, or of one request. */
  readonly stepMs?: number
  readonly batchSize?: number
  readonly startSeconds?: number
  readonly source: string
  /** In plain words: what is the same and what is not. */
  readonly comparability: string
}

const mindcvSource = 'https://github.com/mindspore-lab/mindcv/blob/main/configs/ghostnet/README.md'
const timmSource = (file: string): string => `https://github.com/huggingface/pytorch-image-models/blob/main/results/${file}`
const rtx3090 = timmSource('benchmark-infer-amp-nchw-pt240-cu124-rtx3090.csv')
const rtx4090 = timmSource('benchmark-infer-amp-nchw-pt240-cu124-rtx4090-dynamo.csv')
const i9 = timmSource('benchmark-infer-fp32-nchw-pt240-cpu-i9_10940x-dynamo.csv')
const modelServingSource = 'https://github.com/martynas-subonis/model-serving'

const trainingOnEight = 'Not the same work: training, forwards and backwards, of tensors on 8 accelerators; here one image after another is received, ' +
  'decoded, resized and classified. The ratio says how far this machine is from that cluster, not which software is faster.'
const trainingOnOne = 'Not the same work, but nearer: an eighth of the cluster\'s rate. A training step costs about three times the arithmetic of inference, ' +
  'in half precision on an accelerator; here each image is also received, decoded and resized.'
const tensorsOnGpu = 'Not the same work: the network alone, in half precision, on tensors that are on the GPU already, in batches of hundreds; ' +
  'no requests, no decoding.'
const tensorsOnCpu = 'The nearest for the network alone: float32 on one CPU, an image at a time, compiled by PyTorch, with all of its cores. ' +
  'No requests and no decoding there; here the number has both.'
const servingSmall = 'The same kind of work on other things: JPEGs to labels over HTTP on a CPU, but a network of 0.4 times the arithmetic of GhostNet 1x, ' +
  'photos of 304 KB as base64, 50 users, and 4 cores of an Apple M2 Max.'

const mindcv = {
  work: 'training', model: 'ghostnet_050', batchSize: 128, source: mindcvSource,
} as const satisfies Partial<ReportedNumber>

function timm (model: 'ghostnet_050' | 'ghostnet_100' | 'ghostnet_130', hardware: string, imagesPerSecond: number, stepMs: number, batchSize: number,
  source: string, comparability: string): ReportedNumber {
  const id = `timm-${model}-${hardware.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}`
  return { id, what: `timm, ${model}, inference`, hardware, work: 'inference', model, imagesPerSecond, stepMs, batchSize, source, comparability }
}

export const reportedNumbers: readonly ReportedNumber[] = [
  {
    ...mindcv,
    id: 'mindcv-ascend-910-x8',
    what: 'MindCV, ghostnet_050, training',
    hardware: '8 x Ascend 910',
    stepMs: 211.13,
    imagesPerSecond: 4850.09,
    comparability: trainingOnEight,
  },
  {
    ...mindcv,
    id: 'mindcv-ascend-910',
    what: 'MindCV, ghostnet_050, training, per card',
    hardware: 'Ascend 910, one of 8',
    stepMs: 211.13,
    imagesPerSecond: 606.26,
    comparability: trainingOnOne,
  },
  {
    ...mindcv,
    id: 'mindcv-atlas-800t-a2-x8',
    what: 'MindCV, ghostnet_050, training',
    hardware: 'Atlas 800T A2, 8 cards',
    stepMs: 201.46,
    imagesPerSecond: 5082.89,
    comparability: trainingOnEight,
  },
  timm('ghostnet_050', 'RTX 3090', 18_326.71, 55.865, 1024, rtx3090, tensorsOnGpu),
  timm('ghostnet_100', 'RTX 3090', 9881.78, 103.616, 1024, rtx3090, tensorsOnGpu),
  timm('ghostnet_130', 'RTX 3090', 7893.46, 129.718, 1024, rtx3090, tensorsOnGpu),
  timm('ghostnet_050', 'RTX 4090, compiled', 52_648.58, 4.854, 256, rtx4090, tensorsOnGpu),
  timm('ghostnet_100', 'RTX 4090, compiled', 25_628.25, 9.98, 256, rtx4090, tensorsOnGpu),
  timm('ghostnet_130', 'RTX 4090, compiled', 19_375.99, 13.203, 256, rtx4090, tensorsOnGpu),
  timm('ghostnet_050', 'Core i9-10940X, compiled', 134.36, 7.43, 1, i9, tensorsOnCpu),
  timm('ghostnet_100', 'Core i9-10940X, compiled', 122.98, 8.117, 1, i9, tensorsOnCpu),
  timm('ghostnet_130', 'Core i9-10940X, compiled', 107.61, 9.278, 1, i9, tensorsOnCpu),
  ...([
    ['PyTorch and FastAPI', 35.6, undefined, 4.3],
    ['ONNX Runtime and FastAPI', 255.5, 196, 1.4],
    ['ONNX Runtime and actix (Rust)', 328.9, 152, 0.35],
  ] as const).map(([software, imagesPerSecond, stepMs, startSeconds]): ReportedNumber => ({
    id: `model-serving-${software.toLowerCase().replaceAll(/[^a-z]+/g, ' ').trim().replaceAll(' ', '-')}`,
    what: `model-serving, MobileNetV3-small, ${software}`,
    hardware: '4 cores of an M2 Max',
    work: 'serving',
    model: undefined,
    imagesPerSecond,
    ...(stepMs !== undefined && { stepMs }),
    startSeconds,
    source: modelServingSource,
    comparability: servingSmall,
  })),
]

export interface Comparison {
  readonly id: string
  readonly what: string
  readonly hardware: string
  readonly work: ReportedNumber['work']
  readonly unit: 'images/s' | 's to start'
  readonly measured: number
  readonly reported: number
  /** measured / reported; of times to start reported / measured: above 1 is faster here. */
  readonly ratio: number
  /** Time of a batch of that size at the reported and at the measured rate. */
  readonly batch?: { readonly images: number, readonly reportedMs: number, readonly measuredMs: number }
  readonly comparability: string
  readonly source: string
}

/** Throughput compared with everything reported for the model, and for serving. @param model - Its name. */
export function compareThroughput (model: string, imagesPerSecond: number): Comparison[] {
  return reportedNumbers
    .filter((reported) => reported.model === undefined || model.startsWith(reported.model))
    .map(({ id, what, hardware, work, imagesPerSecond: reported, stepMs, batchSize, comparability, source }) => ({
      id,
      what,
      hardware,
      work,
      unit: 'images/s',
      measured: imagesPerSecond,
      reported,
      ratio: imagesPerSecond / reported,
      ...(stepMs !== undefined && batchSize !== undefined &&
        { batch: { images: batchSize, reportedMs: stepMs, measuredMs: batchSize * 1000 / imagesPerSecond } }),
      comparability,
      source,
    }))
}

/** Start to first response next to the reported starts. */
export function compareStart (seconds: number): Comparison[] {
  return reportedNumbers.flatMap(({ id, what, hardware, work, startSeconds, source }) => startSeconds === undefined
    ? []
    : [{
        id,
        what,
        hardware,
        work,
        unit: 's to start',
        measured: seconds,
        reported: startSeconds,
        ratio: startSeconds / seconds,
        source,
        comparability: 'The same question on other machines: how long after its start a service answers. Theirs is the start of a container.',
      }])
}
