/** Photos -> request bodies on disk, which k6 sends as they are. */
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Photo } from './photos.ts'
import type { BodyFile } from './plan.ts'

export const bodyForms = ['raw', 'multipart'] as const

/** `raw`: the image is the body. `multipart`: a form, as browsers send it. */
export type BodyForm = typeof bodyForms[number]

const boundary = 'ghostserve-loadtest-boundary'

/** Bodies of one image each, or of `imagesPerRequest` as forms; every photo is in as many of them as any other. */
export async function writeBodies (
  directory: string, photos: readonly Photo[], form: BodyForm, imagesPerRequest: number
): Promise<BodyFile[]> {
  if (form === 'raw' && imagesPerRequest === 1) {
    return photos.map(({ path, bytes }) => ({ path, bytes, contentType: 'image/jpeg', images: 1 }))
  }
  return await Promise.all(photos.map(async (_, first) => {
    const chosen = Array.from({ length: imagesPerRequest }, (_, i) => photos[(first + i) % photos.length]!)
    const path = join(directory, `body-${first}`)
    const body = encodeForm(chosen)
    await writeFile(path, body)
    return { path, bytes: body.length, contentType: `multipart/form-data; boundary=${boundary}`, images: imagesPerRequest }
  }))
}

function encodeForm (photos: readonly Photo[]): Buffer {
  const parts = photos.flatMap(({ path }, i) => [
    Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="image"; filename="${i}.jpg"\r\nContent-Type: image/jpeg\r\n\r\n`),
    readFileSync(path),
    Buffer.from('\r\n'),
  ])
  return Buffer.concat([...parts, Buffer.from(`--${boundary}--\r\n`)])
}
