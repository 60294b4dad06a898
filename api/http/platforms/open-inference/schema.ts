/** Bodies of the Open Inference Protocol, version 2, with Triton's extensions for classification and binary tensors. */
import { Type, type Static } from 'typebox'
import { ProblemResponseSchema } from '../../schemas/problem.ts'

/** Inputs of a request, which has one of them. */
export const inputNames = { images: 'images', pixels: 'pixels' } as const

export const outputNames = ['scores', 'logits'] as const

export type OutputName = typeof outputNames[number]

const maxDimensions = 8
const maxIdLength = 1000

const InputSchema = Type.Object({
  name: Type.Union(Object.values(inputNames).map((name) => Type.Literal(name))),
  datatype: Type.String({ description: '`BYTES` for images, `UINT8` for pixels.' }),
  shape: Type.Array(Type.Integer({ minimum: 0 }), { minItems: 1, maxItems: maxDimensions }),
  parameters: Type.Optional(Type.Object({
    binary_data_size: Type.Optional(Type.Integer({ minimum: 0, description: 'Bytes of the tensor behind the JSON.' })),
  })),
  data: Type.Optional(Type.Array(Type.Unknown(), { description: 'Images in base64, or pixels from 0 to 255; nested or flat.' })),
})

const requestedOutputSchema = (classes: number) => Type.Object({
  name: Type.Union(outputNames.map((name) => Type.Literal(name))),
  parameters: Type.Optional(Type.Object({
    binary_data: Type.Optional(Type.Boolean()),
    classification: Type.Optional(Type.Integer({ minimum: 1, maximum: classes, description: 'Number of strings `value:classIndex:label` in the response.' })),
  })),
})

export const inferRequestSchema = (classes: number) => Type.Object({
  id: Type.Optional(Type.String({ maxLength: maxIdLength })),
  parameters: Type.Optional(Type.Object({ binary_data_output: Type.Optional(Type.Boolean()) })),
  inputs: Type.Array(InputSchema, { minItems: 1, maxItems: 1 }),
  outputs: Type.Optional(Type.Array(requestedOutputSchema(classes), { maxItems: outputNames.length })),
})

export type InferRequestBody = Static<ReturnType<typeof inferRequestSchema>>
export type InputTensor = Static<typeof InputSchema>

export const InferResponseSchema = Type.Object({
  model_name: Type.String(),
  model_version: Type.String(),
  id: Type.Optional(Type.String()),
  outputs: Type.Array(Type.Object({
    name: Type.String(),
    datatype: Type.String(),
    shape: Type.Array(Type.Integer()),
    parameters: Type.Optional(Type.Object({ binary_data_size: Type.Integer() })),
    data: Type.Optional(Type.Array(Type.Unknown())),
  })),
})

const TensorSchema = Type.Object({ name: Type.String(), datatype: Type.String(), shape: Type.Array(Type.Integer()) })

export const ServerMetadataSchema = Type.Object({ name: Type.String(), version: Type.String(), extensions: Type.Array(Type.String()) })

export const ModelMetadataSchema = Type.Object({
  name: Type.String(),
  versions: Type.Array(Type.String()),
  platform: Type.String(),
  inputs: Type.Array(TensorSchema, { description: 'A request has one of them.' }),
  outputs: Type.Array(TensorSchema),
})

export const ProtocolProblemSchema = Type.Object({
  ...ProblemResponseSchema.properties,
  error: Type.Optional(Type.String({ description: 'The detail again, in the protocol\'s member.' })),
})
