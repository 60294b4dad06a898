/** Starts of files that are no JPEG, PNG or WebP. */
import sharp from 'sharp'

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1')
const padded = (start: Buffer, length = 512): Buffer => Buffer.concat([start, Buffer.alloc(length)])

/** No images at all. */
export const documents: Record<string, Buffer> = {
  'random bytes': Buffer.from(Array.from({ length: 4096 }, (_, i) => (i * 197 + (i >> 3) * 89 + 7) & 0xff)),
  text: latin1('The quick brown fox jumps over the lazy dog.\n'.repeat(20)),
  HTML: latin1('<!doctype html><script>alert(1)</script>'),
  PDF: padded(latin1('%PDF-1.7\n')),
  ZIP: padded(latin1('PK\x03\x04')),
  ELF: padded(latin1('\x7fELF\x02\x01\x01')),
}

/** Image formats that stay closed, as do the programs that some readers hand them to. */
export const blockedImages: Record<string, Buffer> = {
  BMP: padded(latin1('BM\x00\x04\x00\x00\x00\x00\x00\x00\x36\x00\x00\x00')),
  TIFF: padded(latin1('II*\0\x08\0\0\0')),
  ICO: padded(latin1('\0\0\x01\0\x01\0')),
  PSD: padded(latin1('8BPS\0\x01')),
  'JPEG 2000': padded(latin1('\0\0\0\x0cjP  \r\n\x87\n')),
  'JPEG XL': padded(latin1('\xff\x0a')),
  PPM: latin1('P6 4 4 255\n' + 'x'.repeat(48)),
  'Radiance HDR': latin1('#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 1 +X 1\nxxxx'),
  FITS: latin1('SIMPLE  =                    T'.padEnd(2880)),
  'ImageMagick MVG': latin1('push graphic-context\nimage over 0,0 0,0 "ephemeral:/etc/passwd"\npop graphic-context'),
  'ImageMagick MSL': latin1('<?xml version="1.0"?><image><read filename="/etc/passwd"/></image>'),
  MIFF: latin1('id=ImageMagick version=1.0\nclass=DirectClass columns=1 rows=1\n\f\n:\x1axxx'),
  'libvips .v': padded(latin1('\x08\xf2\xa6\xb6')),
  'camera RAW': padded(latin1('FUJIFILMCCD-RAW ')),
  DICOM: Buffer.concat([Buffer.alloc(128), latin1('DICM'), Buffer.alloc(64)]),
}

export const svgs: Record<string, Buffer> = {
  'plain SVG': latin1('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>'),
  'SVG with an external image': latin1('<svg xmlns="http://www.w3.org/2000/svg"><image href="http://127.0.0.1:9/x"/></svg>'),
  'SVG with a file reference': latin1('<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>'),
  'SVG with an external entity': latin1('<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg>&x;</svg>'),
  'SVG of a billion laughs': latin1('<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a "ha">' +
    Array.from({ length: 9 }, (_, i) => `<!ENTITY ${'bcdefghij'[i]} "${`&${'abcdefghi'[i]};`.repeat(10)}">`).join('') + ']><svg>&j;</svg>'),
  SVGZ: padded(latin1('\x1f\x8b\x08\0')),
}

/** One frame of 1x1 pixels, `times` over, on a screen of any size. */
export function gif (frames: number, screen = 1): Buffer {
  const header = Buffer.from('GIF89a\0\0\0\0\x80\0\0\0\0\0\xff\xff\xff', 'latin1')
  header.writeUInt16LE(screen, 6)
  header.writeUInt16LE(screen, 8)
  const frame = latin1(',\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0')
  return Buffer.concat([header, ...Array<Buffer>(frames).fill(frame), latin1(';')])
}

export async function avif (side: number): Promise<Buffer> {
  return await sharp({ create: { width: side, height: side, channels: 3, background: 'teal' } }).avif({ effort: 0 }).toBuffer()
}

/** An AVIF with this EXIF, which is TIFF without a mark and at most 60,000 bytes long. */
export async function avifWithExif (tiff: Buffer): Promise<Buffer> {
  const image = sharp({ create: { width: 64, height: 64, channels: 3, background: 'teal' } })
  const file = await image.withExif({ IFD0: { ImageDescription: 'x'.repeat(60_000) } }).avif({ effort: 0 }).toBuffer()
  // The same length, so that nothing moves in the file.
  tiff.copy(file, file.indexOf('II*\0', 0, 'latin1'))
  return file
}

/** Only the boxes of a grid of more tiles than fit in any memory. */
export function hugeAvifGrid (): Buffer {
  const box = (type: string, content: Buffer): Buffer => {
    const size = Buffer.alloc(4)
    size.writeUInt32BE(content.length + 8)
    return Buffer.concat([size, latin1(type), content])
  }
  const ispe = box('ispe', Buffer.from([0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff]))
  return Buffer.concat([
    box('ftyp', latin1('avif\0\0\0\0avifmif1')),
    box('meta', Buffer.concat([Buffer.alloc(4), box('iprp', box('ipco', ispe)), box('idat', Buffer.from([0, 0, 255, 255, 0x7f, 0xff, 0x7f, 0xff]))])),
  ])
}
