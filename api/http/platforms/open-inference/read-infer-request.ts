/** Body of an inference request -> images: JSON, or JSON with the tensor's bytes behind it. */
import { ServiceError } from '../../../errors.ts'
import { checkImageCount, readBase64 } from '../json-images.ts'
import { readJson } from '../read-json.ts'
import { imageTooLarge, Pixels, type Upload } from '../../../images/upload.ts'
import { inferRequestSchema, inputNames, type InferRequestBody, type InputTensor } from './schema.ts'

export interface InferLimits {
  readonly classes: number
  readonly cropSize: number
  readonly maxImages: number
  readonly maxImageBytes: number
}

export interface InferRequest {
  readonly body: InferRequestBody
  /** One per image. Their number is checked against the limit before the first is decoded. */
  readonly uploads: Upload[]
}

/**
 * Reads an inference request.
 *
 * @param jsonLength - Header `Inference-Header-Content-Length`: where the JSON ends and binary data begins.
 * @throws `empty_body`, `malformed_json`, `invalid_request`, `too_many_images`.
 */
export function readInferRequest (body: Buffer | undefined, jsonLength: string | undefined, limits: InferLimits): InferRequest {
  if (body === undefined) throw new ServiceError('empty_body', 'Expected an inference request in JSON, got no body.')
  const jsonEnd = jsonLength === undefined ? body.length : readLength(jsonLength, body.length)
  const request = readJson<InferRequestBody>(body.subarray(0, jsonEnd), inferRequestSchema(limits.classes))
  const [input] = request.inputs as [InputTensor]
  const binary = readBinary(input, body.subarray(jsonEnd))
  const uploads = input.name === inputNames.images ? readImages(input, binary, limits) : readPixels(input, binary, limits)
  return { body: request, uploads }
}

function readLength (text: string, bodyLength: number): number {
  const length = /^\d{1,15}$/.test(text) ? Number(text) : Infinity
  if (length <= bodyLength) return length
  throw invalid(`Inference-Header-Content-Length to be at most the ${bodyLength} bytes of the body`, JSON.stringify(text.slice(0, 100)))
}

/** The bytes behind the JSON, if they belong to the input. */
function readBinary ({ name, parameters, data }: InputTensor, bytes: Buffer): Buffer | undefined {
  const size = parameters?.binary_data_size
  if (bytes.length !== (size ?? 0)) throw invalid(`${size ?? 0} bytes behind the JSON for ${name}`, String(bytes.length))
  if ((size === undefined) === (data === undefined)) throw invalid(`${name} to have either data or binary_data_size`, size === undefined ? 'neither' : 'both')
  return size === undefined ? undefined : bytes
}

function readImages ({ name, datatype, shape, data }: InputTensor, binary: Buffer | undefined, limits: InferLimits): Upload[] {
  checkDatatype(name, datatype, 'BYTES')
  const { maxImages, maxImageBytes } = limits
  const images = shape.reduce((product, size) => product * size, 1)
  checkImageCount(images, maxImages)
  if (binary !== undefined) {
    return splitElements(binary, images).map((bytes) => bytes.length > maxImageBytes ? imageTooLarge(maxImageBytes) : bytes)
  }
  const texts = data!.flat(shape.length)
  checkCount(name, texts.length, images)
  return texts.map((text) => {
    if (typeof text !== 'string') throw invalid(`${name} to be strings in base64`, typeof text)
    return readBase64(text, maxImageBytes)
  })
}

const prefixLength = 4

/** Elements of a binary BYTES tensor: each has its length, uint32 in little-endian order, before its bytes. */
function splitElements (bytes: Buffer, count: number): Buffer[] {
  const elements: Buffer[] = []
  let at = 0
  while (elements.length < count) {
    const start = at + prefixLength
    const length = start <= bytes.length ? bytes.readUInt32LE(at) : Infinity
    if (length > bytes.length - start) throw invalid(`${count} elements, each behind its length,`, `${bytes.length} bytes that end within number ${elements.length + 1}`)
    elements.push(bytes.subarray(start, start + length))
    at = start + length
  }
  if (at < bytes.length) throw invalid(`${count} elements, each behind its length,`, `${bytes.length - at} bytes more`)
  return elements
}

function readPixels ({ name, datatype, shape, data }: InputTensor, binary: Buffer | undefined, limits: InferLimits): Upload[] {
  checkDatatype(name, datatype, 'UINT8')
  const { cropSize, maxImages } = limits
  const [size = 0, ...imageShape] = shape
  if (imageShape.join() !== [cropSize, cropSize, 3].join()) {
    throw invalid(`${name} of the shape [N, ${cropSize}, ${cropSize}, 3]`, JSON.stringify(shape))
  }
  checkImageCount(size, maxImages)
  const imageLength = cropSize * cropSize * 3
  const values = binary ?? toBytes(name, data!.flat(shape.length))
  checkCount(name, values.length, size * imageLength)
  return Array.from({ length: size }, (_, i) => new Pixels(values.subarray(i * imageLength, (i + 1) * imageLength)))
}

function toBytes (name: string, values: readonly unknown[]): Uint8Array {
  return Uint8Array.from(values, (value) => {
    if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 255) return value
    throw invalid(`${name} to be whole numbers from 0 to 255`, JSON.stringify(value).slice(0, 100))
  })
}

function checkDatatype (name: string, received: string, expected: string): void {
  if (received !== expected) throw invalid(`${name} of the datatype ${expected}`, JSON.stringify(received.slice(0, 100)))
}

function checkCount (name: string, received: number, expected: number): void {
  if (received !== expected) throw invalid(`${expected} elements in ${name}, as its shape says`, String(received))
}

function invalid (expected: string, received: string): ServiceError {
  return new ServiceError('invalid_request', `Expected ${expected}, got ${received}.`)
}
