/** An image of a data set and its class. */
export interface LabelledImage {
  /** Name, unique in the data set and stable across runs. */
  readonly name: string
  readonly classIndex: number
  /** Reads the encoded image. */
  readonly read: () => Promise<Buffer>
}
