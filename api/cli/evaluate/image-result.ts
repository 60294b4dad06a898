/** Result of one image of a data set: the model's logits, or its error. */
export type ImageResult = { readonly name: string, readonly classIndex: number } & (Classified | Failed)

interface Classified {
  /** Logits: float32 [classes]. */
  readonly logits: Float32Array
}

interface Failed { readonly error: { readonly code: string, readonly detail: string } }

export const isClassified = (result: ImageResult): result is ImageResult & Classified => 'logits' in result
