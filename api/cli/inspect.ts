/** `ghostserve inspect`: what a checkpoint or a model is. */
import { stat, writeFile } from 'node:fs/promises'
import { basename } from 'node:path'
import type { Command } from 'commander'
import { sha256Of } from '../../models/digests.ts'
import type { GhostNet } from '../../models/ghostnet.ts'
import { inferNetwork } from '../../models/infer-network.ts'
import { readManifest } from '../../models/manifest.ts'
import { findModelDirectory } from '../../models/shelf.ts'
import { toOfficialNames } from '../../models/weights/official-names.ts'
import { readCheckpointFile } from '../../models/weights/read-checkpoint.ts'
import { describeDevice } from '../execution-provider/execution-provider.ts'
import { networkPage } from '../inspection/network-page.ts'
import { profileStages } from '../inspection/profile-stages.ts'
import { loadModel, type LoadedModel } from '../load-model.ts'
import { describeModel, describeStages, networkRows, stageTable, table, variantName } from './describe-model.ts'

const checkpointCropSize = 224

export function addInspectCommand (program: Command): void {
  program.command('inspect')
    .description('Show variant, counts, digests and stages of a checkpoint or a model.')
    .argument('<checkpoint or model>', 'a checkpoint file, a model directory, the name of a model on the shelf, or "bundled"')
    .option('--json', 'for programs')
    .option('--html <file>', 'also write a page that draws the network, with the time of each stage on this machine')
    .addHelpText('after', '\nExample:\n  ghostserve inspect bundled --html network.html')
    .action(async (subject: string, { json, html }: { json?: true, html?: string }) => {
      const isCheckpoint = await isFile(subject)
      const { title, text, facts, network, cropSize, graph } = isCheckpoint
        ? await inspectCheckpoint(subject)
        : await inspectModel(subject, html !== undefined)
      const stages = describeStages(network, cropSize)
      if (html !== undefined) {
        const stageMs = graph === undefined ? undefined : await profileStages(graph.graphFile, cropSize, stages.map(({ stage }) => stage))
        const measuredOn = `${describeDevice('cpu')}, layout ${graph?.layout ?? 'none'}`
        await writeFile(html, networkPage({ title, network, cropSize, stageMs, measuredOn }))
      }
      process.stdout.write(json ? `${JSON.stringify({ ...facts, stages }, null, 2)}\n` : `${text}\n\n${stageTable(stages)}\n`)
    })
}

interface Inspection {
  readonly title: string
  readonly text: string
  readonly facts: object
  readonly network: GhostNet
  readonly cropSize: number
  /** Of a model; a checkpoint has none. */
  readonly graph?: LoadedModel
}

/** @param isRun - Whether its graph is needed, which inspecting alone does not. */
async function inspectModel (model: string, isRun: boolean): Promise<Inspection> {
  const modelDir = process.env['MODEL_DIR'] ?? ''
  const manifest = await readManifest(findModelDirectory(model, modelDir))
  return {
    title: manifest.name,
    text: describeModel(manifest),
    ...(isRun && { graph: await loadModel(model, modelDir, 'auto') }),
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
    title: basename(path),
    text: table([['checkpoint', path], ['format', format], ['sha256', sha256], ...networkRows(network, checkpointCropSize)]),
    facts: { variant, ...network, format, sha256, bytes: bytes.length },
    network,
    cropSize: checkpointCropSize,
  }
}

async function isFile (path: string): Promise<boolean> {
  return await stat(path).then((stats) => stats.isFile(), () => false)
}
