/** The one thing in EXIF that changes a picture, read and written without following anything beyond its first directory. */

const orientationTag = 0x0112
const short = 3
const long = 4
const entryBytes = 12

/** 1 to 8; 1, upright, where `tiff` (EXIF without its `Exif` mark) says nothing that can be understood. */
export function readOrientation (tiff: Buffer): number {
  const isLittleEndian = tiff.toString('latin1', 0, 4) === 'II*\0'
  if (tiff.length < 10 || (!isLittleEndian && tiff.toString('latin1', 0, 4) !== 'MM\0*')) return 1
  const uint16 = (at: number): number => isLittleEndian ? tiff.readUInt16LE(at) : tiff.readUInt16BE(at)
  const uint32 = (at: number): number => isLittleEndian ? tiff.readUInt32LE(at) : tiff.readUInt32BE(at)

  const directory = uint32(4)
  if (directory + 2 > tiff.length) return 1
  const first = directory + 2
  const count = Math.min(uint16(directory), Math.floor((tiff.length - first) / entryBytes))
  for (let at = first; at < first + count * entryBytes; at += entryBytes) {
    if (uint16(at) !== orientationTag) continue
    const type = uint16(at + 2)
    const orientation = type === short ? uint16(at + 8) : type === long ? uint32(at + 8) : 1
    return orientation >= 1 && orientation <= 8 ? orientation : 1
  }
  return 1
}

/** A TIFF directory that says `orientation` and no more. */
export function writeOrientation (orientation: number): Buffer {
  const tiff = Buffer.from('MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\0\0\0\0\0\0\0', 'latin1')
  tiff.writeUInt16BE(orientation, 18)
  return tiff
}
