/** An image of a data set, and what is in it. */
export interface LabelledImage {
  /** As no other of its data set, and the same in every run. */
  readonly name: string
  readonly classIndex: number
  /** The encoded image. */
  readonly read: () => Promise<Buffer>
}
