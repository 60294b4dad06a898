/** What Pillow makes of fixtures: `test/golden/make_preprocessing.py`. */
import { preprocessingPresets, type Preprocessing } from '../../../models/manifest/preprocessing.ts'
import { readGoldenJson, readGoldenPixels } from '../../fixtures/index.ts'

export interface GoldenCase {
  readonly name: string
  /** Fixture. */
  readonly file: string
  readonly preprocessing: Preprocessing
  /** Pixels of the fixture, upright. */
  readonly sourcePixels: number
  /** PNG of the expected pixels. */
  readonly expected: string
}

interface IndexEntry {
  name: string
  file: string
  expected: string
  crop: number
  resize: number
  interpolation: Preprocessing['interpolation']
  sourceWidth: number
  sourceHeight: number
}

export function listGoldenCases (): GoldenCase[] {
  return readGoldenJson<IndexEntry[]>('preprocessing', 'index.json').map(({ name, file, expected, crop, resize, interpolation, sourceWidth, sourceHeight }) => ({
    name,
    file,
    expected,
    preprocessing: { ...preprocessingPresets.imagenet, cropSize: crop, cropPct: crop / resize, interpolation },
    sourcePixels: sourceWidth * sourceHeight,
  }))
}

/** uint8 [cropSize, cropSize, 3] */
export async function readGoldenCase ({ expected }: GoldenCase): Promise<Uint8Array> {
  return await readGoldenPixels('preprocessing', expected)
}

/** Mean absolute difference, of 255, over all values. @throws Error if their counts differ. */
export function meanDifference (pixels: Uint8Array, expected: Uint8Array): number {
  if (pixels.length !== expected.length) throw new Error(`Expected ${expected.length} values, got ${pixels.length}.`)
  return pixels.reduce((sum, value, i) => sum + Math.abs(value - expected[i]!), 0) / pixels.length
}
