/** A float32 graph -> the same in float16, with some nodes left in float32 and a Cast at each change of precision. */
import { toFloat16Bits } from '../weights/float16.ts'
import { attributeProto, DataType, type GraphProto, type NodeProto, type TensorProto } from './onnx-proto.ts'

type Precision = 'float32' | 'float16'

/**
 * Lowers the precision of a graph.
 *
 * @param graph - Each constant is used by one node only.
 * @param staysFloat32 - Whether a node, by its name, stays; nodes that read the graph's input or write its output must.
 */
export function lowerPrecision (graph: GraphProto, staysFloat32: (node: string) => boolean): GraphProto {
  const constants = new Map(graph.initializer.map((constant) => [constant.name, constant]))
  const precisions = new Map<string, Precision>()
  const casts = new Map<string, NodeProto>()
  const node: NodeProto[] = []

  for (const original of graph.node) {
    const precision = staysFloat32(original.name) ? 'float32' : 'float16'
    const input = original.input.map((name) => {
      const constant = constants.get(name)
      if (constant !== undefined) {
        if (precision === 'float16') constants.set(name, inFloat16(constant))
        return name
      }
      const given = precisions.get(name)
      if (given === undefined || given === precision) return name // the graph's input has no precision of its own
      const cast = `${name}/${precision}`
      if (!casts.has(cast)) {
        casts.set(cast, castNode(cast, name, precision))
        node.push(casts.get(cast)!)
      }
      return cast
    })
    for (const output of original.output) precisions.set(output, precision)
    node.push({ ...original, input })
  }
  return { ...graph, node, initializer: [...constants.values()] }
}

function castNode (name: string, input: string, to: Precision): NodeProto {
  return { name, opType: 'Cast', input: [input], output: [name], attribute: [attributeProto('to', { int: DataType[to] })] }
}

function inFloat16 (constant: TensorProto): TensorProto {
  const { buffer, byteOffset, byteLength } = constant.rawData
  const values = new Float32Array(buffer, byteOffset, byteLength / Float32Array.BYTES_PER_ELEMENT)
  return { ...constant, dataType: DataType.float16, rawData: new Uint8Array(Uint16Array.from(values, toFloat16Bits).buffer) }
}
