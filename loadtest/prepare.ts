/** `npm run loadtest:prepare`: makes or finds everything that load tests need, and prints where it is. */
import { findK6 } from './k6-binary.ts'
import { makePhotos, photoSizes } from './photos.ts'
import { isRandomModel, makeRandomModel, randomModels } from './random-model.ts'

for (const size of photoSizes) {
  const ofSize = await makePhotos([size])
  const kilobytes = ofSize.map(({ bytes }) => Math.round(bytes / 1000))
  process.stdout.write(`${ofSize.length} photos "${size}" of ${Math.min(...kilobytes)} to ${Math.max(...kilobytes)} KB, as ${ofSize[0]!.path}\n`)
}
for (const name of Object.keys(randomModels).filter(isRandomModel)) process.stdout.write(`${name}: ${await makeRandomModel(name)}\n`)
process.stdout.write(`k6: ${await findK6()}\n`)
