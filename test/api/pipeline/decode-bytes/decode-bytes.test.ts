/** What is charged for an image is what decoding it takes, whatever its structure: measured as the growth of a process. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { join } from 'node:path'
import test, { suite } from 'node:test'
import { promisify } from 'node:util'
import { packageRoot } from '../../../../models/package-root.ts'
import type { Measured } from './measure.ts'
import { decodeCases } from './cases.ts'

const mebi = 2 ** 20
/** Growth of a process that is not its image: heap, arenas of threads. */
const allowance = 3 * mebi
/** Memory that is freed goes back to the system at once, so that the next image has to ask for it again. */
const allocator = { MALLOC_ARENA_MAX: '2', MALLOC_MMAP_THRESHOLD_: '65536', MALLOC_TRIM_THRESHOLD_: '0' }
/** Shapes: libvips passes little of the tall one from step to step, so that what a decoder keeps shows; the wide one is the reverse. */
const shapes = [[500, 5000, 128], [4000, 600, 224]] as const

const canMeasure = (): boolean => {
  try {
    accessSync('/proc/self/clear_refs', constants.W_OK)
    return true
  } catch {
    return false
  }
}

/** A structure is judged by several processes: one may have had the memory already, or take some for itself meanwhile. */
const maxRuns = 4

const isTooLittle = ({ chargedBytes, grownBytes }: Measured): boolean => grownBytes > chargedBytes + allowance
const isTooMuch = ({ chargedBytes, grownBytes, stripBytes }: Measured): boolean =>
  chargedBytes > 2 * Math.max(0, grownBytes) + stripBytes + allowance

async function measure (shape: readonly number[]): Promise<Measured[]> {
  const { stdout } = await promisify(execFile)(process.execPath,
    ['--expose-gc', join(packageRoot, 'dist/test/api/pipeline/decode-bytes/measure.js'), ...shape.map(String)],
    { env: { ...process.env, ...allocator }, maxBuffer: mebi })
  return stdout.trim().split('\n').map((line) => JSON.parse(line) as Measured)
}

suite('memory of decoding', { skip: canMeasure() ? false : 'this system does not tell the peak of a process (/proc/self/clear_refs)' }, () => {
  for (const shape of shapes) {
    const [width, height, cropSize] = shape
    test(`${decodeCases.length} structures of ${width}x${height} for a model of ${cropSize}: charged for what they take`, async (t) => {
      const inMebi = ({ name, chargedBytes, grownBytes }: Measured): string =>
        `${name}: ${(chargedBytes / mebi).toFixed(1)} MiB charged, ${(grownBytes / mebi).toFixed(1)} taken`
      let measured = await measure(shape)
      assert.deepEqual(measured.map(({ name }) => name), decodeCases.map(({ name }) => name))
      for (const one of measured) t.diagnostic(inMebi(one))
      for (const isWrong of [isTooLittle, isTooMuch]) {
        for (let run = 1; run < maxRuns && measured.some(isWrong); run++) {
          const again = await measure(shape)
          measured = measured.map((one, i) => isWrong(one) ? again[i]! : one)
        }
        assert.deepEqual(measured.filter(isWrong).map(inMebi), [], isWrong.name)
      }
    })
  }
})
