import { lowerPrecision } from './lower-precision.ts'
import { attributeProto, DataType, encodeModel, valueInfoProto, type AttributeValue, type GraphProto } from './onnx-proto.ts'

/** Opset of the graph: HardSigmoid, Resize and Gemm have not changed since; onnxruntime and converters read it everywhere. */
const opsetVersion = 17
const irVersion = 8

/** A value of the graph, by its name. */
export type Value = string

/** Collects nodes and initializers of one ONNX graph. Names are given by the caller and must be unique, as ONNX demands. */
export class GraphBuilder {
  #graph: GraphProto
  readonly #names = new Set<string>()

  constructor (name: string) {
    this.#graph = { name, node: [], initializer: [], input: [], output: [], valueInfo: [] }
  }

  get nodeCount (): number {
    return this.#graph.node.length
  }

  /** Number of nodes by operator. */
  get operatorCounts (): Record<string, number> {
    const counts: Record<string, number> = {}
    for (const { opType } of this.#graph.node) counts[opType] = (counts[opType] ?? 0) + 1
    return counts
  }

  input (name: string, elemType: number, shape: ReadonlyArray<number | string>): Value {
    this.#graph.input.push(valueInfoProto(this.#claim(name), elemType, shape))
    return name
  }

  output (value: Value, elemType: number, shape: ReadonlyArray<number | string>): void {
    this.#graph.output.push(valueInfoProto(value, elemType, shape))
  }

  /** Declares the float32 shape of an intermediate value, for runtimes that cannot infer it. */
  declareShape (value: Value, shape: ReadonlyArray<number | string>): void {
    this.#graph.valueInfo.push(valueInfoProto(value, DataType.float32, shape))
  }

  /** A float32 constant, C order. */
  constant (name: string, dims: readonly number[], values: ArrayLike<number>): Value {
    const expected = dims.reduce((product, dimension) => product * dimension, 1)
    if (values.length !== expected) throw new Error(`Expected ${expected} values for the constant ${name}, got ${values.length}.`)
    const rawData = new Uint8Array(Float32Array.from(values).buffer)
    this.#graph.initializer.push({ name: this.#claim(name), dims, dataType: DataType.float32, rawData })
    return name
  }

  /** Adds a node whose only output bears the node's name. An empty input name is an omitted optional input. */
  node (name: string, opType: string, inputs: readonly Value[], attributes: Readonly<Record<string, AttributeValue>> = {}): Value {
    this.#graph.node.push({
      name: this.#claim(name),
      opType,
      input: [...inputs],
      output: [name],
      attribute: Object.entries(attributes).map(([key, value]) => attributeProto(key, value)),
    })
    return name
  }

  /** Turns what has been built so far into float16, except for the nodes that stay float32. */
  lowerPrecision (staysFloat32: (node: string) => boolean): void {
    this.#graph = lowerPrecision(this.#graph, staysFloat32)
  }

  encode (producerVersion: string, metadata: Readonly<Record<string, string>>): Uint8Array {
    return encodeModel({
      irVersion,
      producerName: 'ghostserve',
      producerVersion,
      opsetImport: [{ domain: '', version: opsetVersion }],
      metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
      graph: this.#graph,
    })
  }

  #claim (name: string): string {
    if (this.#names.has(name)) throw new Error(`The name ${name} is taken in the graph.`)
    this.#names.add(name)
    return name
  }
}
