import sharp from 'sharp'

export const generatedImageSize = { width: 500, height: 400 } as const

/** A JPEG of ImageNet's usual size, as a default input: soft noise, always with the same number of bytes. */
export async function generateImage (): Promise<Buffer> {
  const { width, height } = generatedImageSize
  const noise = sharp({ create: { width: width / 4, height: height / 4, channels: 3, background: 'black', noise: { type: 'gaussian', mean: 128, sigma: 60 } } })
  const pixels = await noise.png().toBuffer()
  return await sharp(pixels).resize(width, height, { kernel: 'cubic' }).jpeg({ quality: 90 }).toBuffer()
}
