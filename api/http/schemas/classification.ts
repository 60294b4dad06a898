import { Type, type Static } from 'typebox'
import { ServiceError } from '../../errors.ts'
import type { Prediction } from '../../engine/postprocess.ts'
import { ProblemSchema, toProblem } from './problem.ts'

export const PredictionSchema = Type.Object({
  label: Type.String(),
  wnid: Type.Unsafe<string | null>({ type: ['string', 'null'], description: 'WordNet id of the class, if it has one.' }),
  classIndex: Type.Integer({ minimum: 0 }),
  score: Type.Number({ minimum: 0, maximum: 1, description: 'Softmax probability.' }),
})

export const ResultSchema = Type.Object({
  predictions: Type.Optional(Type.Array(PredictionSchema, { description: 'By descending score.' })),
  noneOfThese: Type.Optional(Type.Boolean({ description: 'Whether no class reaches minScore, so that there are no predictions. Only if minScore is given.' })),
  error: Type.Optional(ProblemSchema),
})

export type Result = Static<typeof ResultSchema>

export function toResult (result: Prediction[] | ServiceError, requestId: string, minScore: number | undefined): Result {
  if (result instanceof ServiceError) return { error: toProblem(result, requestId) }
  return { predictions: result, ...(minScore !== undefined && { noneOfThese: result.length === 0 }) }
}

export const ClassificationSchema = Type.Object({
  model: Type.Object({
    name: Type.String(),
    version: Type.String({ description: 'Digest of the weights.' }),
  }),
  results: Type.Array(ResultSchema, { description: 'One result per image, in order: its predictions, or its problem.' }),
})

export const defaultTopK = (classes: number): number => Math.min(5, classes)

export const topKSchema = (classes: number) => Type.Integer({
  minimum: 1, maximum: classes, default: defaultTopK(classes), description: 'Predictions per image.',
})

export const MinScoreSchema = Type.Optional(Type.Number({
  minimum: 0, maximum: 1, description: 'Predictions with a lower score are left out. If none is left, noneOfThese is true.',
}))

export const classificationQuerySchema = (classes: number) =>
  Type.Object({ topK: topKSchema(classes), minScore: MinScoreSchema }, { additionalProperties: false })
