import { countCodeGroups } from './lossless-webp.ts'

const riffHeaderBytes = 12
const chunkHeaderBytes = 8
/** In an ANMF chunk, before the chunks of its frame. */
const frameHeaderBytes = 16
/** In VP8L: a mark, and the size of the picture. */
const losslessHeaderBytes = 5
const alphaHeaderBytes = 1

/** Five codes, looked up by eight bits, four bytes each, and their group itself. */
const groupBytes = 5 * 2 ** 8 * 4 + 600
/** Tables grow where codes are longer, which have to be written; but not beyond a few thousand symbols. */
const maxBytesPerByte = 100
const maxExtraGroupBytes = 15_000

/** Of the Huffman tables that decoding the pictures of a WebP file needs, those of alpha included. */
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
