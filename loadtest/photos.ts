/** Photos to send, made from the two real photos of test/fixtures in the sizes that people send: web and phone. */
import { readFileSync, readdirSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp, { type Sharp } from 'sharp'
import { packageRoot } from '../models/package-root.ts'
import { sha256Of } from '../models/manifest/sha256.ts'
import { cachedDirectory } from './lab-cache.ts'

/** `web`: about 500x400, 50 to 110 KB. `phone`: 12 megapixels, about 3 MB. */
export const photoSizes = ['web', 'phone'] as const

export type PhotoSize = typeof photoSizes[number]

/** `mixed`: one phone photo in ten. */
export const photoMixes = [...photoSizes, 'mixed'] as const

export type PhotoMix = typeof photoMixes[number]

export interface Photo {
  readonly path: string
  readonly size: PhotoSize
  readonly bytes: number
}

/** Increase it with every change of what is drawn below, since the files are cached. */
const recipeVersion = 1

interface Shot {
  readonly source: 'chelsea.png' | 'coffee.png'
  /** Shares of the source's width and height: left, top, right, bottom. */
  readonly crop: readonly [number, number, number, number]
  readonly width: number
  readonly height: number
  readonly quality: number
  readonly mirrored?: boolean
}

/** Photos of different crops, formats and qualities, as from different cameras. */
const webShots: readonly Shot[] = [
  { source: 'coffee.png', crop: [0, 0, 0.84, 1], width: 500, height: 400, quality: 97 },
  { source: 'coffee.png', crop: [0.16, 0, 1, 1], width: 500, height: 400, quality: 93, mirrored: true },
  { source: 'coffee.png', crop: [0, 0.06, 1, 1], width: 500, height: 375, quality: 95 },
  { source: 'coffee.png', crop: [0.2, 0, 0.75, 1], width: 375, height: 500, quality: 94 },
  { source: 'coffee.png', crop: [0, 0, 1, 1], width: 600, height: 400, quality: 95 },
  { source: 'coffee.png', crop: [0.1, 0.1, 0.95, 0.95], width: 512, height: 384, quality: 93 },
  { source: 'chelsea.png', crop: [0, 0, 0.83, 1], width: 500, height: 400, quality: 96 },
  { source: 'chelsea.png', crop: [0.17, 0, 1, 1], width: 500, height: 400, quality: 97, mirrored: true },
  { source: 'chelsea.png', crop: [0, 0, 1, 1], width: 500, height: 333, quality: 97 },
  { source: 'chelsea.png', crop: [0.25, 0, 0.75, 1], width: 375, height: 500, quality: 96 },
  { source: 'chelsea.png', crop: [0.05, 0, 0.95, 0.9], width: 480, height: 360, quality: 97 },
  { source: 'chelsea.png', crop: [0.1, 0.05, 0.9, 0.95], width: 512, height: 384, quality: 96, mirrored: true },
]

const phoneShots: readonly Shot[] = [
  { source: 'coffee.png', crop: [0, 0, 0.89, 1], width: 4000, height: 3000, quality: 90 },
  { source: 'coffee.png', crop: [0.2, 0, 0.7, 1], width: 3000, height: 4000, quality: 89 },
  { source: 'chelsea.png', crop: [0, 0, 0.89, 1], width: 4032, height: 3024, quality: 90 },
  { source: 'chelsea.png', crop: [0.25, 0, 0.75, 1], width: 3024, height: 4032, quality: 89, mirrored: true },
]

/**
 * The photos of each size, made at the first call.
 *
 * @param sizes - In the order wanted.
 */
export async function makePhotos (sizes: readonly PhotoSize[]): Promise<Photo[]> {
  const fixtures = join(packageRoot, 'test/fixtures')
  const sources = new Map((['chelsea.png', 'coffee.png'] as const).map((name) => [name, readFileSync(join(fixtures, name))]))
  const digests = [...sources.values()].map(sha256Of)
  const recipe = JSON.stringify({ recipeVersion, webShots, phoneShots, sharp: sharp.versions, digests })
  const directory = await cachedDirectory(`photos-${sha256Of(Buffer.from(recipe)).slice(0, 16)}`, async (directory) => {
    for (const [size, shots] of [['web', webShots], ['phone', phoneShots]] as const) {
      for (const [index, shot] of shots.entries()) {
        const photo = await takePhoto(sources.get(shot.source)!, shot, size, index)
        await writeFile(join(directory, `${size}-${String(index).padStart(2, '0')}.jpg`), photo)
      }
    }
  })
  return sizes.flatMap((size) => listPhotos(directory, size))
}

/** The photos of a mix, each as often as it is to be sent. */
export async function mixPhotos (mix: PhotoMix): Promise<Photo[]> {
  if (mix !== 'mixed') return await makePhotos([mix])
  const [web, phone] = [await makePhotos(['web']), await makePhotos(['phone'])]
  return phone.flatMap((photo, i) => [...Array.from({ length: 9 }, (_, j) => web[(i * 9 + j) % web.length]!), photo])
}

function listPhotos (directory: string, size: PhotoSize): Photo[] {
  return readdirSync(directory).filter((name) => name.startsWith(size)).sort().map((name) => {
    const path = join(directory, name)
    return { path, size, bytes: readFileSync(path).length }
  })
}

async function takePhoto (source: Buffer, shot: Shot, size: PhotoSize, seed: number): Promise<Buffer> {
  const upright = await cropAndResize(sharp(source).removeAlpha(), shot)
  const { data, info } = await upright.raw().toBuffer({ resolveWithObject: true })
  // Enlarging leaves no fine detail, and a sensor's grain is what most bytes of a phone's photo hold.
  if (size === 'phone') addGrain(data, info.width, seed)
  return await sharp(data, { raw: { width: info.width, height: info.height, channels: 3 } }).jpeg({ quality: shot.quality }).toBuffer()
}

async function cropAndResize (photo: Sharp, { crop: [left, top, right, bottom], width, height, mirrored }: Shot): Promise<Sharp> {
  const { width: fullWidth, height: fullHeight } = await photo.metadata()
  return photo
    .extract({
      left: Math.round(left * fullWidth),
      top: Math.round(top * fullHeight),
      width: Math.round((right - left) * fullWidth),
      height: Math.round((bottom - top) * fullHeight),
    })
    .resize(width, height, { fit: 'cover' })
    .flop(mirrored ?? false)
}

/** Grey noise in place: uniform over single pixels and over cells of 4x4. @param pixels - uint8 `[height, width, 3]`. */
function addGrain (pixels: Buffer, width: number, seed: number): void {
  let state = seed + 1
  const draw = (): number => {
    // xorshift32
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32 - 0.5
  }
  const cell = 4
  const coarse = Float32Array.from({ length: Math.ceil(width / cell) }, draw)
  for (let i = 0; i < pixels.length; i += 3) {
    const x = (i / 3) % width
    if (x === 0 && (i / 3 / width) % cell === 0) for (let j = 0; j < coarse.length; j++) coarse[j] = draw()
    const grain = 16 * draw() + 12 * coarse[Math.floor(x / cell)]!
    for (let channel = i; channel < i + 3; channel++) pixels[channel] = Math.min(255, Math.max(0, pixels[channel]! + grain))
  }
}
