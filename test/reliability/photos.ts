/** Typical requests, on keep-alive connections. */
import sharp from 'sharp'
import { readFixture } from '../fixtures/index.ts'
import { request } from '../hostile/wire.ts'

/** POST /classify with one image as its body. */
export function photoRequest (image: Buffer, type = 'image/jpeg'): Buffer {
  return request({ target: '/classify', fields: [`Content-Type: ${type}`, 'Connection: keep-alive'], body: image })
}

/** A thumbnail of a cat, which costs little to send and to decode: it is just large enough not to be enlarged. */
export async function smallPhoto (): Promise<Buffer> {
  return await sharp(readFixture('chelsea.png')).resize(213, 160).jpeg({ quality: 80 }).toBuffer()
}

/** Photos of the size that is usual in data sets, as the load lab's. */
export async function usualPhoto (): Promise<Buffer> {
  return await sharp(readFixture('chelsea.png')).resize(500, 400, { fit: 'fill' }).jpeg({ quality: 80 }).toBuffer()
}
