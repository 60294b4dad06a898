import sharp from 'sharp'

export const generatedPhotoSize = { width: 500, height: 400 } as const

/** A JPEG of ImageNet's usual size, for who has no photo at hand: soft noise, always the same size, of nothing. */
export async function generatePhoto (): Promise<Buffer> {
  const { width, height } = generatedPhotoSize
  const noise = sharp({ create: { width: width / 4, height: height / 4, channels: 3, background: 'black', noise: { type: 'gaussian', mean: 128, sigma: 60 } } })
  const pixels = await noise.png().toBuffer()
  return await sharp(pixels).resize(width, height, { kernel: 'cubic' }).jpeg({ quality: 90 }).toBuffer()
}
