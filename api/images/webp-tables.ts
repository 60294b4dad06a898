import { countCodeGroups } from './lossless-webp.ts'

const riffHeaderBytes = 12
const chunkHeaderBytes = 8
/** Bytes of an ANMF chunk before the chunks of its frame. */
const frameHeaderBytes = 16
/** Bytes of VP8L before the stream: a mark, and the size of the image. */
const losslessHeaderBytes = 5
const alphaHeaderBytes = 1

/** Bytes per group: five codes, looked up by eight bits, four bytes per entry, and the group itself. */
const groupBytes = 5 * 2 ** 8 * 4 + 600
/** Bounds of what longer codes add: each code has to be written in the file, and tables end at a few thousand symbols. */
const maxBytesPerByte = 100
const maxExtraGroupBytes = 15_000

/** Bytes of the Huffman tables that decoding a WebP file needs, those of alpha included. */
export function tableBytes (file: Buffer): number {
  let [width, height] = [0, 0]
  let bytes = 0
  const add = (stream: Buffer): void => {
    const groups = countCodeGroups(stream, width, height)
    bytes += groups * groupBytes + Math.min(groups * maxExtraGroupBytes, stream.length * maxBytesPerByte)
  }
  for (let at = riffHeaderBytes; at + chunkHeaderBytes <= file.length;) {
    const type = file.toString('latin1', at, at + 4)
    const length = file.readUInt32LE(at + 4)
    const content = file.subarray(at + chunkHeaderBytes, at + chunkHeaderBytes + length)
    if (type === 'VP8X' && content.length >= 10) [width, height] = [content.readUIntLE(4, 3) + 1, content.readUIntLE(7, 3) + 1]
    else if (type === 'VP8L' && content.length >= losslessHeaderBytes) {
      const size = content.readUInt32LE(1)
      ;[width, height] = [(size & 0x3fff) + 1, (size >> 14 & 0x3fff) + 1]
      add(content.subarray(losslessHeaderBytes))
    } else if (type === 'ALPH' && (content[0]! & 3) === 1) add(content.subarray(alphaHeaderBytes))
    const isFrame = type === 'ANMF' && content.length >= frameHeaderBytes
    if (isFrame) [width, height] = [content.readUIntLE(6, 3) + 1, content.readUIntLE(9, 3) + 1]
    at += chunkHeaderBytes + (isFrame ? frameHeaderBytes : length + length % 2)
  }
  return bytes
}
