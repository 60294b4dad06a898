/** A model, or its parts, are incomplete, damaged, or do not fit together. */
export class ModelError extends Error {
  override readonly name = 'ModelError'
  readonly code = 'MODEL_INVALID'
}
