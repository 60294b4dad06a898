import type { ImageFormatName } from '../../../api/config.ts'
import { acceptFormats } from '../../../api/images/formats.ts'
import { MemoryBudget } from '../../../api/images/memory-budget.ts'
import type { PreprocessOptions } from '../../../api/images/preprocess.ts'
import type { Preprocessing } from '../../../models/manifest/preprocessing.ts'

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
