import { Type } from 'typebox'
import { ProblemSchema } from './problem.ts'

export const PredictionSchema = Type.Object({
  label: Type.String(),
  wnid: Type.Unsafe<string | null>({ type: ['string', 'null'], description: 'WordNet id of the class, where it has one.' }),
  classIndex: Type.Integer({ minimum: 0 }),
  score: Type.Number({ minimum: 0, maximum: 1, description: 'Softmax probability.' }),
})

export const ClassificationSchema = Type.Object({
  model: Type.Object({
    name: Type.String(),
    version: Type.String({ description: 'Digest of the weights.' }),
  }),
  results: Type.Array(Type.Object({
    predictions: Type.Optional(Type.Array(PredictionSchema, { description: 'By descending score.' })),
    error: Type.Optional(ProblemSchema),
  }), { description: 'One an image, in order: its predictions, or why it has none.' }),
})

const defaultTopK = 5

export const classificationQuerySchema = (classes: number) => Type.Object({
  topK: Type.Integer({ minimum: 1, maximum: classes, default: Math.min(defaultTopK, classes), description: 'Predictions an image.' }),
}, { additionalProperties: false })
