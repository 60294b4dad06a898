/** A shared library that says what it needs, and has nothing else: ELF header, two segments, the dynamic section, its strings. */
export function makeLibrary (needed: readonly string[], runPath = '$ORIGIN'): Buffer {
  const strings = Buffer.from(`\0${[...needed, runPath].join('\0')}\0`)
  const offsetOf = (text: string): number => strings.indexOf(`\0${text}\0`) + 1
  const dynamicAt = 64 + 2 * 56
  const entries: Array<[tag: number, value: number]> = [
    ...needed.map((name): [number, number] => [1, offsetOf(name)]),
    [29, offsetOf(runPath)],
  ]
  const stringsAt = dynamicAt + (entries.length + 3) * 16
  const address = 0x1000
  const dynamic = [...entries, [5, address + stringsAt], [10, strings.length], [0, 0]].flat()

  const header = Buffer.alloc(64)
  header.write('\x7fELF\x02\x01\x01', 'latin1')
  header.writeBigUInt64LE(64n, 32) // program headers
  header.writeUInt16LE(2, 56)
  const segment = (type: number, offset: number, size: number): Buffer => {
    const bytes = Buffer.alloc(56)
    bytes.writeUInt32LE(type)
    for (const [at, value] of [[8, offset], [16, address + offset], [32, size]] as const) bytes.writeBigUInt64LE(BigInt(value), at)
    return bytes
  }
  const section = Buffer.from(new BigUint64Array(dynamic.map(BigInt)).buffer)
  return Buffer.concat([header, segment(1, 0, stringsAt + strings.length), segment(2, dynamicAt, section.length), section, strings])
}
