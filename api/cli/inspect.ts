/** `ghostserve inspect`: what a checkpoint or a model is. */
import { stat } from 'node:fs/promises'
import type { Command } from 'commander'
import { sha256Of } from '../../models/digests.ts'
import type { GhostNet } from '../../models/ghostnet.ts'
import { inferNetwork } from '../../models/infer-network.ts'
import { readManifest } from '../../models/manifest.ts'
import { findModelDirectory } from '../../models/shelf.ts'
import { toOfficialNames } from '../../models/weights/official-names.ts'
import { readCheckpointFile } from '../../models/weights/read-checkpoint.ts'
import { describeModel, describeStages, networkRows, stageTable, table, variantName } from './describe-model.ts'

const checkpointCropSize = 224

export function addInspectCommand (program: Command): void {
  program.command('inspect')
    .description('Show variant, counts, digests and stages of a checkpoint or a model.')
    .argument('<checkpoint or model>', 'a checkpoint file, a model directory, the name of a model on the shelf, or "bundled"')
    .option('--json', 'for programs')
    .addHelpText('after', '\nExample:\n  ghostserve inspect bundled')
    .action(async (subject: string, { json }: { json?: true }) => {
      const { text, facts, network, cropSize } = await isFile(subject) ? await inspectCheckpoint(subject) : await inspectModel(subject)
      const stages = describeStages(network, cropSize)
      process.stdout.write(json ? `${JSON.stringify({ ...facts, stages }, null, 2)}\n` : `${text}\n\n${stageTable(stages)}\n`)
    })
}

interface Inspection { readonly text: string, readonly facts: object, readonly network: GhostNet, readonly cropSize: number }

async function inspectModel (model: string): Promise<Inspection> {
  const manifest = await readManifest(findModelDirectory(model, process.env['MODEL_DIR'] ?? ''))
  return {
    text: describeModel(manifest),
    facts: { variant: variantName(manifest), ...manifest },
    network: manifest,
    cropSize: manifest.preprocessing.cropSize,
  }
}

async function inspectCheckpoint (path: string): Promise<Inspection> {
  const { bytes, format, tensors } = await readCheckpointFile(path)
  const sha256 = sha256Of(bytes)
  const network = inferNetwork(toOfficialNames(tensors))
  const variant = variantName(network)
  return {
    text: table([['checkpoint', path], ['format', format], ['sha256', sha256], ...networkRows(network, checkpointCropSize)]),
    facts: { variant, ...network, format, sha256, bytes: bytes.length },
    network,
    cropSize: checkpointCropSize,
  }
}

async function isFile (path: string): Promise<boolean> {
  return await stat(path).then((stats) => stats.isFile(), () => false)
}
