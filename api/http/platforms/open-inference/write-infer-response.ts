/** Logits -> the tensors that an inference request named, in JSON or behind it. */
import type { Static } from 'typebox'
import type { LoadedModel } from '../../../engine/load-model.ts'
import { rankClasses, softmax } from '../../../engine/postprocess.ts'
import { outputNames, type InferResponseSchema, type InferRequestBody, type OutputName } from './schema.ts'

/** A response of JSON alone, or of JSON with its length and binary tensors behind it. */
export type InferResponse = Static<typeof InferResponseSchema> | { readonly jsonLength: number, readonly bytes: Buffer }

interface OutputRequest { name: OutputName, parameters?: { binary_data?: boolean, classification?: number } }
type Tensor = { readonly shape: readonly number[] } &
  ({ readonly datatype: 'FP32', readonly values: readonly number[] } | { readonly datatype: 'BYTES', readonly values: readonly string[] })

/** Writes the response. @param logits - float32 [classes] per image. */
export function writeInferResponse (
  { id, parameters, outputs = [] }: InferRequestBody, logits: readonly Float32Array[],
  name: string, model: Pick<LoadedModel, 'version' | 'labels' | 'temperature'>
): InferResponse {
  const requested: readonly OutputRequest[] = outputs.length > 0 ? outputs : outputNames.map((output) => ({ name: output }))
  const binaries: Buffer[] = []
  const response = {
    model_name: name,
    model_version: model.version,
    ...(id !== undefined && { id }),
    outputs: requested.map(({ name: output, parameters: { binary_data: isBinary, classification } = {} }) => {
      const tensor = makeTensor(output, logits, classification, model)
      const description = { name: output, datatype: tensor.datatype, shape: [...tensor.shape] }
      if (!(isBinary ?? parameters?.binary_data_output ?? false)) return { ...description, data: [...tensor.values] }
      const bytes = encode(tensor)
      binaries.push(bytes)
      return { ...description, parameters: { binary_data_size: bytes.length } }
    }),
  }
  if (binaries.length === 0) return response
  const json = Buffer.from(JSON.stringify(response))
  return { jsonLength: json.length, bytes: Buffer.concat([json, ...binaries]) }
}

/** Values of an output. @param classification - Classes named per image, most probable first; undefined for the numbers of all. */
function makeTensor (
  output: OutputName, logits: readonly Float32Array[], classification: number | undefined,
  { labels, temperature }: Pick<LoadedModel, 'labels' | 'temperature'>
): Tensor {
  const rows = logits.map((row) => output === 'logits' ? row : softmax(row, temperature))
  if (classification === undefined) {
    return { datatype: 'FP32', shape: [rows.length, labels.length], values: rows.flatMap((row) => Array.from(row)) }
  }
  const values = rows.flatMap((row, i) => rankClasses(logits[i]!, classification)
    .map((classIndex) => `${row[classIndex]!.toFixed(6)}:${classIndex}:${labels[classIndex]!.label}`))
  return { datatype: 'BYTES', shape: [rows.length, classification], values }
}

/** Bytes of an output: float32 in little-endian order, or strings, each with its length before it. */
function encode ({ datatype, values }: Tensor): Buffer {
  if (datatype === 'FP32') {
    const bytes = Buffer.alloc(values.length * Float32Array.BYTES_PER_ELEMENT)
    for (const [i, value] of values.entries()) bytes.writeFloatLE(value, i * Float32Array.BYTES_PER_ELEMENT)
    return bytes
  }
  return Buffer.concat(values.flatMap((value) => {
    const text = Buffer.from(value)
    const length = Buffer.alloc(4)
    length.writeUInt32LE(text.length)
    return [length, text]
  }))
}
