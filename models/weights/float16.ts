const scratch = new DataView(new ArrayBuffer(4))

const largestExponentBits = 0x7f800000 // float32 infinity; above it are the NaNs
const firstOverflowBits = 0x477ff000 // 65520, the first value that rounds to 65536
const smallestNormalBits = 0x38800000 // 2 ** -14
const halfBits = 0x3f000000 // 0.5
const rebiasedExponent = 0x38000000 // (127 - 15) << 23

/** Bits of an IEEE 754 binary16 -> its value, exactly. */
export function fromFloat16Bits (bits: number): number {
  const sign = (bits & 0x8000) << 16
  const magnitude = bits & 0x7fff
  if (magnitude < 0x400) return (sign === 0 ? 1 : -1) * magnitude * 2 ** -24
  // Exponent and mantissa keep their places relative to each other; the all-ones exponent of infinity and NaN stays all ones.
  scratch.setInt32(0, sign | (magnitude << 13) + (magnitude < 0x7c00 ? rebiasedExponent : 2 * rebiasedExponent))
  return scratch.getFloat32(0)
}

/** A float32 value -> the bits of the nearest IEEE 754 binary16, ties to even; finite values from 65520 on become infinite. */
export function toFloat16Bits (value: number): number {
  scratch.setFloat32(0, value)
  const bits = scratch.getUint32(0)
  const sign = bits >>> 16 & 0x8000
  const magnitude = bits & 0x7fffffff
  if (magnitude > largestExponentBits) return sign | 0x7e00
  if (magnitude >= firstOverflowBits) return sign | 0x7c00
  if (magnitude < smallestNormalBits) {
    // Next to 0.5 a float32 step is 2 ** -24, the step of a binary16 subnormal, so the addition itself rounds to nearest even.
    scratch.setFloat32(0, Math.abs(value) + 0.5)
    return sign | scratch.getUint32(0) - halfBits
  }
  const evenTie = magnitude >>> 13 & 1
  return sign | (magnitude + 0xfff + evenTie - rebiasedExponent) >>> 13
}
