import { acceptFormats, type ImageFormatName } from '../../../api/pipeline/image-formats.ts'
import { MemoryBudget } from '../../../api/pipeline/memory-budget.ts'
import type { PreprocessOptions } from '../../../api/pipeline/preprocess.ts'
import type { Preprocessing } from '../../../models/preprocessing.ts'

const formats: ImageFormatName[] = ['jpeg', 'png', 'webp']
acceptFormats(formats)

/** The service's formats without its limits. */
export function unlimited (preprocessing: Preprocessing): PreprocessOptions {
  return {
    preprocessing,
    formats,
    maxImagePixels: 1e9,
    maxImageSide: 65_535,
    decodeTimeoutSeconds: 60,
    decodeBudget: new MemoryBudget(1e9),
  }
}
