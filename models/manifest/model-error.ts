/** A model, or what one is to be made of, is incomplete, damaged, or does not fit together. */
export class ModelError extends Error {
  override readonly name = 'ModelError'
  readonly code = 'MODEL_INVALID'
}
