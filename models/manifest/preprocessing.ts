import { Type, type Static } from 'typebox'

// No Type.Tuple: it is written as in JSON Schema before 2020-12, which OpenAPI 3.1 does not allow.
const channels = (description: string) =>
  Type.Unsafe<[number, number, number]>(Type.Array(Type.Number(), { minItems: 3, maxItems: 3, description }))

export const PreprocessingSchema = Type.Refine(Type.Object({
  cropSize: Type.Integer({ minimum: 32, maximum: 1024, description: 'Side of the square that the model sees, in pixels.' }),
  cropPct: Type.Number({ exclusiveMinimum: 0, maximum: 1, description: 'The shorter side is resized to floor(cropSize / cropPct) pixels.' }),
  interpolation: Type.Union([Type.Literal('bilinear'), Type.Literal('bicubic')], { description: 'Interpolation of the resize.' }),
  resizer: Type.Optional(Type.Union([Type.Literal('pillow'), Type.Literal('opencv')], {
    description: 'Resize and rounding: pillow (the default) is that of torchvision and timm, antialiased; opencv that of MindCV, bilinear, not antialiased.',
  })),
  mean: channels('Of R, G and B in [0, 1], subtracted.'),
  std: channels('Of R, G and B in [0, 1], divided by.'),
}, { additionalProperties: false }),
({ resizer, interpolation }) => resizer !== 'opencv' || interpolation === 'bilinear',
() => 'must have the interpolation bilinear with the resizer opencv')

/** How an image becomes a model's input: orient, resize the shorter side, crop the centre; the graph normalises. */
export type Preprocessing = Static<typeof PreprocessingSchema>

const imagenetNormalisation = {
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
} satisfies Pick<Preprocessing, 'mean' | 'std'>

/** Evaluation pipelines of the published checkpoints. */
export const preprocessingPresets = {
  /** timm's pipeline since August 2023. */
  imagenet: { cropSize: 224, cropPct: 0.875, interpolation: 'bicubic', ...imagenetNormalisation },
  /** The pipeline of GhostNet's authors. */
  'imagenet-bilinear': { cropSize: 224, cropPct: 0.875, interpolation: 'bilinear', ...imagenetNormalisation },
  /** MindCV's pipeline. */
  'imagenet-opencv': { cropSize: 224, cropPct: 0.875, interpolation: 'bilinear', resizer: 'opencv', ...imagenetNormalisation },
} satisfies Record<string, Preprocessing>

export type PreprocessingPreset = keyof typeof preprocessingPresets

/** Length in pixels of the shorter side after the resize, before the crop. */
export function resizeShorterSide ({ cropSize, cropPct }: Preprocessing): number {
  return Math.floor(cropSize / cropPct)
}
