/**
 * Loaded into a service by NODE_OPTIONS, and in no other way: in session workers, images of certain colours make the session throw or
 * its thread die, and of another what libvips returns for them is lost. Sessions are made only once a file is there, where one is named.
 * All else is the service as it is deployed.
 */
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isMainThread, workerData } from 'node:worker_threads'
import type { InferenceSession, Tensor } from 'onnxruntime-node'
import sharp from 'sharp'

const cues = { throws: [13, 1, 254], dies: [66, 1, 254], breaks: [99, 1, 254] } as const

/** A PNG of the bundled model's size, so that its pixels arrive as they are. */
export async function faultyImage (fault: keyof typeof cues): Promise<Buffer> {
  const [r, g, b] = cues[fault]
  return await sharp({ create: { width: 128, height: 128, channels: 3, background: { r, g, b } } }).png().toBuffer()
}

export const faultyEnvironment = { NODE_OPTIONS: `--import=${import.meta.url}` } as const

const releaseVariable = 'TEST_RELEASE_FILE'

/** Sessions are not made before `release`. */
export function stalledEnvironment (folder: string): { environment: Record<string, string>, release: () => void } {
  const file = join(folder, 'release')
  return { environment: { ...faultyEnvironment, [releaseVariable]: file }, release: () => writeFileSync(file, '') }
}

async function isReleased (): Promise<void> {
  const { [releaseVariable]: file } = process.env
  const isHeld = (): boolean => file !== undefined && !existsSync(file)
  while (isHeld()) await sleep(20)
}

function hasCue ({ data, dims }: Tensor, cue: readonly number[]): boolean {
  const [batchSize = 0] = dims
  const pixels = data as Uint8Array
  const starts = Array.from({ length: batchSize }, (_, i) => i * pixels.length / batchSize)
  return starts.some((start) => cue.every((value, channel) => pixels[start + channel] === value))
}

function injectFaults (session: InferenceSession): void {
  const run = session.run.bind(session) as (feeds: Record<string, Tensor>) => ReturnType<InferenceSession['run']>
  session.run = async (feeds) => {
    const { pixels } = feeds as Record<string, Tensor>
    if (hasCue(pixels!, cues.dies)) process.exit(7)
    if (hasCue(pixels!, cues.throws)) throw new Error('injected')
    return await run(feeds as Record<string, Tensor>)
  }
}

if (!isMainThread && (workerData as { graphFile?: unknown } | null)?.graphFile !== undefined) {
  const { InferenceSession } = await import('onnxruntime-node')
  const create = InferenceSession.create.bind(InferenceSession) as (...args: unknown[]) => Promise<InferenceSession>
  Reflect.set(InferenceSession, 'create', async (...args: unknown[]) => {
    await isReleased()
    const session = await create(...args)
    injectFaults(session)
    return session
  })
}

if (isMainThread && process.env['NODE_OPTIONS'] === faultyEnvironment.NODE_OPTIONS) {
  const prototype = sharp.prototype as { toBuffer: (...args: unknown[]) => Promise<unknown> }
  const toBuffer = prototype.toBuffer
  prototype.toBuffer = async function (...args) {
    const pixels = await toBuffer.apply(this, args)
    return pixels instanceof Uint8Array && cues.breaks.every((value, channel) => pixels[channel] === value) ? undefined : pixels
  }
}
