/** AVIF and GIF where they are enabled. */
import type { HostileCase } from '../hostile-case.ts'
import { exifEntry, tiffOf } from '../inputs/jpeg.ts'
import { avif, avifWithExif, gif, hugeAvifGrid } from '../inputs/other-formats.ts'
import { upload } from '../wire.ts'

export const enabledFormatsEnvironment = { IMAGE_FORMATS: 'jpeg,png,webp,avif,gif' }

const good = { status: 200 } as const
const corrupt = { status: 422, code: 'corrupt_image' } as const

export const enabledFormatsCases: readonly HostileCase[] = [
  { row: 11, input: 'AVIF, enabled', wire: async () => upload(await avif(64), 'image/avif'), ...good },
  { row: 11, input: 'AVIF, enabled, cut off', wire: async () => upload((await avif(64)).subarray(0, -20), 'image/avif'), ...corrupt },
  {
    row: 11,
    input: 'AVIF, enabled, whose EXIF points 4,900 times to itself',
    ...good,
    wire: async () => upload(await avifWithExif(tiffOf(Array<Buffer>(4900).fill(exifEntry(0x8769, 4, 1, 8)), 8)), 'image/avif'),
  },
  { row: 11, input: 'an AVIF grid of 2^31 pixels a side, enabled', wire: () => upload(hugeAvifGrid(), 'image/avif'), ...corrupt },
  { row: 12, input: 'GIF, enabled', wire: () => upload(gif(1), 'image/gif'), ...good },
  { row: 12, input: 'GIF of 100,000 frames, enabled: the first one counts', wire: () => upload(gif(100_000), 'image/gif'), ...good },
  { row: 12, input: 'GIF of one pixel on a screen of 65535x65535, enabled: the frame counts', wire: () => upload(gif(1, 65_535), 'image/gif'), ...good },
]
