import { Type, type Static } from 'typebox'
import { ServiceError } from '../errors.ts'
import type { Prediction } from '../pipeline/postprocess.ts'
import { ProblemSchema, toProblem } from './problem.ts'

export const PredictionSchema = Type.Object({
  label: Type.String(),
  wnid: Type.Unsafe<string | null>({ type: ['string', 'null'], description: 'WordNet id of the class, where it has one.' }),
  classIndex: Type.Integer({ minimum: 0 }),
  score: Type.Number({ minimum: 0, maximum: 1, description: 'Softmax probability.' }),
})

export const ResultSchema = Type.Object({
  predictions: Type.Optional(Type.Array(PredictionSchema, { description: 'By descending score.' })),
  error: Type.Optional(ProblemSchema),
})

export function toResult (result: Prediction[] | ServiceError, requestId: string): Static<typeof ResultSchema> {
  return result instanceof ServiceError ? { error: toProblem(result, requestId) } : { predictions: result }
}

export const ClassificationSchema = Type.Object({
  model: Type.Object({
    name: Type.String(),
    version: Type.String({ description: 'Digest of the weights.' }),
  }),
  results: Type.Array(ResultSchema, { description: 'One an image, in order: its predictions, or why it has none.' }),
})

export const defaultTopK = (classes: number): number => Math.min(5, classes)

export const topKSchema = (classes: number) => Type.Integer({
  minimum: 1, maximum: classes, default: defaultTopK(classes), description: 'Predictions an image.',
})

export const classificationQuerySchema = (classes: number) => Type.Object({ topK: topKSchema(classes) }, { additionalProperties: false })
