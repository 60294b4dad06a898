/**
 * The part of ONNX's protobuf schema that a convolutional network needs (field numbers: onnx/onnx.proto, IR version 8),
 * encoded by protobufjs.
 */
import protobuf from 'protobufjs'

const field = (type: string, id: number, rule?: 'repeated'): { type: string, id: number, rule?: 'repeated' } =>
  rule === undefined ? { type, id } : { type, id, rule }

const root = protobuf.Root.fromJSON({
  nested: {
    ModelProto: {
      fields: {
        irVersion: field('int64', 1),
        producerName: field('string', 2),
        producerVersion: field('string', 3),
        graph: field('GraphProto', 7),
        opsetImport: field('OperatorSetIdProto', 8, 'repeated'),
        metadataProps: field('StringStringEntryProto', 14, 'repeated'),
      },
    },
    OperatorSetIdProto: { fields: { domain: field('string', 1), version: field('int64', 2) } },
    StringStringEntryProto: { fields: { key: field('string', 1), value: field('string', 2) } },
    GraphProto: {
      fields: {
        node: field('NodeProto', 1, 'repeated'),
        name: field('string', 2),
        initializer: field('TensorProto', 5, 'repeated'),
        input: field('ValueInfoProto', 11, 'repeated'),
        output: field('ValueInfoProto', 12, 'repeated'),
        valueInfo: field('ValueInfoProto', 13, 'repeated'),
      },
    },
    NodeProto: {
      fields: {
        input: field('string', 1, 'repeated'),
        output: field('string', 2, 'repeated'),
        name: field('string', 3),
        opType: field('string', 4),
        attribute: field('AttributeProto', 5, 'repeated'),
      },
    },
    AttributeProto: {
      fields: {
        name: field('string', 1),
        f: field('float', 2),
        i: field('int64', 3),
        s: field('bytes', 4),
        ints: field('int64', 8, 'repeated'),
        type: field('int32', 20),
      },
    },
    TensorProto: {
      fields: {
        dims: field('int64', 1, 'repeated'),
        dataType: field('int32', 2),
        name: field('string', 8),
        rawData: field('bytes', 9),
      },
    },
    ValueInfoProto: { fields: { name: field('string', 1), type: field('TypeProto', 2) } },
    TypeProto: { fields: { tensorType: field('TensorType', 1) } },
    TensorType: { fields: { elemType: field('int32', 1), shape: field('TensorShapeProto', 2) } },
    TensorShapeProto: { fields: { dim: field('Dimension', 1, 'repeated') } },
    Dimension: { fields: { dimValue: field('int64', 1), dimParam: field('string', 2) } },
  },
})

/** TensorProto.DataType */
export const DataType = { float32: 1, uint8: 2, float16: 10 } as const

/** AttributeProto.AttributeType */
const AttributeType = { float: 1, int: 2, string: 3, ints: 7 } as const

export type AttributeValue = { float: number } | { int: number } | { string: string } | { ints: readonly number[] }

export interface NodeProto { name: string, opType: string, input: string[], output: string[], attribute: object[] }
export interface TensorProto { name: string, dims: readonly number[], dataType: number, rawData: Uint8Array }
export interface ValueInfoProto { name: string, type: object }
export interface GraphProto {
  name: string
  node: NodeProto[]
  initializer: TensorProto[]
  input: ValueInfoProto[]
  output: ValueInfoProto[]
  valueInfo: ValueInfoProto[]
}
export interface ModelProto {
  irVersion: number
  producerName: string
  producerVersion: string
  opsetImport: Array<{ domain: string, version: number }>
  metadataProps: Array<{ key: string, value: string }>
  graph: GraphProto
}

export function attributeProto (name: string, value: AttributeValue): object {
  if ('float' in value) return { name, type: AttributeType.float, f: value.float }
  if ('int' in value) return { name, type: AttributeType.int, i: value.int }
  if ('string' in value) return { name, type: AttributeType.string, s: Buffer.from(value.string) }
  return { name, type: AttributeType.ints, ints: value.ints }
}

/** Type of a tensor. @param shape - A number is a fixed dimension, a string the name of a dynamic one. */
export function valueInfoProto (name: string, elemType: number, shape: ReadonlyArray<number | string>): ValueInfoProto {
  const dim = shape.map((dimension) => typeof dimension === 'number' ? { dimValue: dimension } : { dimParam: dimension })
  return { name, type: { tensorType: { elemType, shape: { dim } } } }
}

export function encodeModel (model: ModelProto): Uint8Array {
  const type = root.lookupType('ModelProto')
  return type.encode(type.fromObject(model)).finish()
}
