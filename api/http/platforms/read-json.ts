/** Untrusted JSON -> a value, whose cost is bounded before it is parsed. */
import type { TSchema } from 'typebox'
import { findMismatch } from '../../../models/manifest/manifest.ts'
import { ServiceError } from '../../errors.ts'

/** Bytes outside strings. A few of them can make an object of a hundred bytes, while a long string costs only its bytes. */
const maxStructureBytes = 1024 * 1024
const maxStrings = 10_000
const maxDepth = 16

/**
 * Parses a JSON body and checks it against the schema. The caller names the schema's type.
 *
 * @throws `malformed_json` if it is not JSON, or larger than any request needs; `invalid_request` if it does not fit the schema.
 */
export function readJson<Value> (bytes: Buffer, schema: TSchema): Value {
  checkStructure(bytes)
  let value: unknown
  try {
    value = JSON.parse(bytes.toString())
  } catch (cause) {
    throw new ServiceError('malformed_json', 'Expected a complete JSON text in UTF-8, got one that is damaged or cut off.', { cause })
  }
  const mismatch = findMismatch(schema, value)
  if (mismatch !== undefined) throw new ServiceError('invalid_request', `Expected another JSON body: ${mismatch.slice(0, 200)}.`)
  return value as Value
}

const quote = 0x22
const backslash = 0x5c
const openers: ReadonlySet<number> = new Set(Buffer.from('[{'))
const closers: ReadonlySet<number> = new Set(Buffer.from(']}'))

function checkStructure (bytes: Buffer): void {
  let depth = 0
  let strings = 0
  let structureBytes = 0
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]!
    if (++structureBytes > maxStructureBytes) throw excessive(`${maxStructureBytes} bytes besides strings`)
    if (openers.has(byte)) {
      if (++depth > maxDepth) throw excessive(`${maxDepth} levels`)
    } else if (closers.has(byte)) {
      depth--
    } else if (byte === quote) {
      do { // also each quote inside a string, as it takes a search
        if (++strings > maxStrings) throw excessive(`${maxStrings} strings`)
        at = bytes.indexOf(quote, at + 1)
      } while (at !== -1 && isEscaped(bytes, at))
      if (at === -1) return // not JSON, which the parser reports
    }
  }
}

/** Whether an odd number of backslashes precedes a position. */
function isEscaped (bytes: Buffer, at: number): boolean {
  let before = at
  while (bytes[before - 1] === backslash) before--
  return (at - before) % 2 === 1
}

function excessive (limit: string): ServiceError {
  return new ServiceError('malformed_json', `Expected JSON of at most ${limit}, got more.`)
}
