/** `ghostserve inspect`: description of a checkpoint or a model. */
import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import type { Command } from 'commander'
import { sha256Of } from '../../../models/manifest/sha256.ts'
import { describeGhostNet, type GhostNet } from '../../../models/ghostnet.ts'
import { inferNetwork } from '../../../models/weights/infer-network.ts'
import { readManifest } from '../../../models/manifest/manifest.ts'
import { findModelDirectory } from '../../../models/manifest/model-store.ts'
import { toOfficialNames } from '../../../models/weights/official-names.ts'
import { readCheckpointFile } from '../../../models/weights/read-checkpoint.ts'
import { describeDevice } from '../../machine/execution-provider/execution-provider.ts'
import { networkPage, type PartTimes } from './network-page.ts'
import { profileGraph } from './profile-graph.ts'
import { loadModel } from '../../engine/load-model.ts'
import { isPage } from '../report/page.ts'
import { describeModel, describeStages, networkRows, stageTable, table, variantName } from '../describe-model.ts'
import { claimOutputFile, type OutputKind } from '../output-path.ts'
import { writeOutput } from '../write-output.ts'

const checkpointCropSize = 224
const pageKind: OutputKind = { what: 'a page of this command', isOne: (beginning) => isPage(beginning, 'network') }

export function addInspectCommand (program: Command): void {
  program.command('inspect')
    .description('Show variant, counts, digests and stages of a checkpoint or a model.')
    .argument('<checkpoint or model>', 'a checkpoint file, a model directory, the name of a model in the model store, or "bundled"')
    .option('--json', 'for programs')
    .option('--html <file>', 'also write a page that draws the network, with the time of each stage and layer on this machine')
    .option('--force', 'replace any file by the page, not only an older page')
    .addHelpText('after', '\nExample:\n  ghostserve inspect bundled --html network.html')
    .action(async (subject: string, { json, html, force }: { json?: true, html?: string, force?: true }) => {
      const writePage = html === undefined ? undefined : await claimOutputFile(html, pageKind, force)
      const isCheckpoint = await isFile(subject)
      const { title, text, facts, network, cropSize } = isCheckpoint ? await inspectCheckpoint(subject) : await inspectModel(subject)
      const stages = describeStages(network, cropSize)
      if (writePage !== undefined) {
        const times = isCheckpoint ? undefined : await measureParts(subject, network, cropSize)
        await writePage(networkPage({ title, network, cropSize, times }))
      }
      await writeOutput(json ? `${JSON.stringify({ ...facts, stages }, null, 2)}\n` : `${text}\n\n${stageTable(stages)}\n`)
    })
}

interface Inspection {
  readonly title: string
  readonly text: string
  readonly facts: object
  readonly network: GhostNet
  readonly cropSize: number
}

async function inspectModel (model: string): Promise<Inspection> {
  const modelDir = process.env['MODEL_DIR'] ?? ''
  const manifest = await readManifest(findModelDirectory(model, modelDir))
  return {
    title: manifest.name,
    text: describeModel(manifest),
    facts: { variant: variantName(manifest), ...manifest },
    network: manifest,
    cropSize: manifest.preprocessing.cropSize,
  }
}

/** Times of stages with the layout that is served here, and of layers with the one whose nodes are layers. */
async function measureParts (model: string, network: GhostNet, cropSize: number): Promise<PartTimes> {
  const modelDir = process.env['MODEL_DIR'] ?? ''
  const served = await loadModel(model, modelDir, 'auto')
  const plain = await loadModel(model, modelDir, 'plain')
  return {
    stages: await profileGraph(served.graphFile, cropSize, describeStages(network, cropSize).map(({ stage }) => stage), 'all'),
    layers: await profileGraph(plain.graphFile, cropSize, describeGhostNet(network, cropSize).map(({ name }) => name), 'basic'),
    layout: served.layout,
    processor: describeDevice('cpu'),
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
