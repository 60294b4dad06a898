/** Expressions of a pickle, each as the opcodes that leave its value on the stack. */

export const none = Buffer.from('N')
export const yes = Buffer.from('\x88', 'latin1')

export function int (value: number): Buffer {
  const bytes = Buffer.alloc(5, 'J')
  bytes.writeInt32LE(value, 1)
  return bytes
}

/** Little-endian two's complement in ten bytes. */
export function long (value: bigint): Buffer {
  const bytes = Buffer.alloc(12)
  bytes.set([0x8a, 10])
  bytes.writeBigUInt64LE(BigInt.asUintN(64, value), 2)
  bytes.writeUInt16LE(Number(BigInt.asUintN(16, value >> 64n)), 10)
  return bytes
}

export function text (value: string): Buffer {
  const content = Buffer.from(value)
  const bytes = Buffer.alloc(5, 'X')
  bytes.writeUInt32LE(content.length, 1)
  return Buffer.concat([bytes, content])
}

export function tuple (...items: Buffer[]): Buffer {
  return Buffer.concat([Buffer.from('('), ...items, Buffer.from('t')])
}

export function list (...items: Buffer[]): Buffer {
  return Buffer.concat([Buffer.from(']('), ...items, Buffer.from('e')])
}

export function dict (entries: Record<string, Buffer>): Buffer {
  return Buffer.concat([Buffer.from('}('), ...Object.entries(entries).flatMap(([key, value]) => [text(key), value]), Buffer.from('u')])
}

export function global (module: string, attribute: string): Buffer {
  return Buffer.from(`c${module}\n${attribute}\n`)
}

export function reduce (callee: Buffer, ...args: Buffer[]): Buffer {
  return Buffer.concat([callee, tuple(...args), Buffer.from('R')])
}

export const emptyOrderedDict = reduce(global('collections', 'OrderedDict'))

export function storage (type: string, key: string, elementCount: number, ...more: Buffer[]): Buffer {
  return Buffer.concat([tuple(text('storage'), global('torch', type), text(key), text('cpu'), int(elementCount), ...more), Buffer.from('Q')])
}

export function tensor (itsStorage: Buffer, offset: number, shape: number[], strides: number[]): Buffer {
  return reduce(global('torch._utils', '_rebuild_tensor_v2'),
    itsStorage, int(offset), tuple(...shape.map(int)), tuple(...strides.map(int)), yes, emptyOrderedDict)
}

/** A whole pickle of protocol 2. */
export function pickle (...body: Buffer[]): Buffer {
  return Buffer.concat([Buffer.from('\x80\x02', 'latin1'), ...body, Buffer.from('.')])
}
