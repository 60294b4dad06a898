/** `ghostserve pull`: a published checkpoint -> a model in the model store. */
import { join } from 'node:path'
import { Argument, type Command } from 'commander'
import { buildModel, findOlderModel } from '../../models/build-model.ts'
import { catalog } from '../../models/published/catalog.ts'
import { describeStrength } from '../../models/published/digests.ts'
import { imagenetLabelsPath } from '../../models/manifest/labels.ts'
import { preprocessingPresets } from '../../models/manifest/preprocessing.ts'
import { findCatalogEntry, pullCheckpoint } from '../../models/published/pull.ts'
import { modelStoreDirectory } from '../../models/manifest/model-store.ts'
import { describeModel } from './describe-model.ts'
import { findOutputFolder } from './output-path.ts'
import { progressBar } from './progress.ts'
import { TryAgainError } from './usage-error.ts'
import { writeOutput } from './write-output.ts'

export function addPullCommand (program: Command): void {
  program.command('pull')
    .description('Download a published checkpoint, check its digest, and build it into the model store (MODEL_DIR).')
    // The help lists the choices; findCatalogEntry checks them.
    .addArgument(new Argument('<name>').choices(catalog.map(({ name }) => name)).argParser(String))
    .option('--force', 'replace a model of another checkpoint, or one with a fitted temperature')
    .addHelpText('after', '\nExample:\n  ghostserve pull ghostnet_100 && MODEL=ghostnet_100 npm start')
    .action(async (name: string, { force }: { force?: true }) => {
      const { urls, preset, accuracy, description, license, note } = findCatalogEntry(name)
      const storeDirectory = modelStoreDirectory(process.env['MODEL_DIR'] ?? '')
      const directory = await findOutputFolder(join(storeDirectory, name))
      await findOlderModel(directory)
      const { path, strength } = await downloadWithProgress(name, storeDirectory)
      process.stderr.write(`Checked: ${describeStrength(strength)}.\n`)
      const manifest = await buildModel({
        checkpointPath: path,
        directory,
        isForced: force,
        labelsPath: imagenetLabelsPath,
        preprocessing: preprocessingPresets[preset],
        name,
        dtype: 'float32',
        card: { description: note === undefined ? `${description}.` : `${description}. ${note}`, provenance: { source: urls.join(', '), license }, accuracy },
      })
      await writeOutput(`${describeModel(manifest)}\n\nBuilt ${directory}. Serve it with: MODEL=${name} npm start\n`)
    })
}

/** Downloads with a progress bar. Ctrl-C keeps what has arrived, and the next pull resumes it. */
async function downloadWithProgress (name: string, storeDirectory: string): ReturnType<typeof pullCheckpoint> {
  const interruption = new AbortController()
  const interrupt = (): void => interruption.abort(new TryAgainError('Interrupted: the same command resumes the download.'))
  process.once('SIGINT', interrupt)
  const bar = progressBar('bytes')
  try {
    return await pullCheckpoint(name, {
      storeDirectory,
      signal: interruption.signal,
      onProgress: (receivedBytes, totalBytes) => {
        if (!bar.isActive) bar.start(totalBytes ?? receivedBytes, 0)
        bar.setTotal(totalBytes ?? receivedBytes)
        bar.update(receivedBytes)
      },
    })
  } finally {
    bar.stop()
    process.off('SIGINT', interrupt)
  }
}
