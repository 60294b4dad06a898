/** `ghostserve build`: a checkpoint -> a model directory. */
import { stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { InvalidArgumentError, Option, type Command } from 'commander'
import { buildModel } from '../../models/build-model.ts'
import { imagenetLabelsPath } from '../../models/manifest/labels.ts'
import { ModelCardSchema, readJsonFile, type ModelCard } from '../../models/manifest/manifest.ts'
import { preprocessingPresets, type Preprocessing, type PreprocessingPreset } from '../../models/manifest/preprocessing.ts'
import { describeModel } from './describe-model.ts'
import { findOutputFolder } from './output-path.ts'
import { writeOutput } from './write-output.ts'

interface BuildCommandOptions {
  out: string
  labels?: string
  preset?: PreprocessingPreset
  cropSize?: number
  cropPct?: number
  interpolation?: Preprocessing['interpolation']
  resizer?: Preprocessing['resizer']
  name?: string
  dtype: 'float32' | 'float16'
  card?: string
  force?: true
}

export function addBuildCommand (program: Command): void {
  program.command('build')
    .description('Compile a checkpoint (PyTorch, safetensors or MindSpore) into a model that the service can load.')
    .argument('<checkpoint>', 'file to compile, whose format, width and class count are detected; or the folder of a training run, with labels and a card')
    .requiredOption('-o, --out <directory>', 'model directory to make')
    .option('-l, --labels <path>', 'labels in the order of the class indices: JSON, one class per line, or the data set\'s folder of folders (default: ImageNet-1k)')
    .addOption(new Option('-p, --preset <name>', 'preprocessing').choices(Object.keys(preprocessingPresets)).default(undefined, 'the card\'s, or "imagenet"'))
    .option('--crop-size <pixels>', 'instead of the preset\'s', number)
    .option('--crop-pct <fraction>', 'instead of the preset\'s', number)
    .addOption(new Option('--interpolation <name>', 'instead of the preset\'s').choices(['bilinear', 'bicubic']))
    .addOption(new Option('--resizer <name>', 'instead of the preset\'s; opencv is MindCV\'s: bilinear, not antialiased').choices(['pillow', 'opencv']))
    .addOption(new Option('--dtype <name>', 'how the weights are stored').choices(['float32', 'float16']).default('float32'))
    .option('--name <name>', 'name of the model in responses (default: the directory\'s name)')
    .option('--card <file>', 'JSON with a description, provenance, accuracy and preprocessing for the manifest (another manifest will do)')
    .option('--force', 'replace a model of another checkpoint, or one with a fitted temperature; anything else is never replaced')
    .addHelpText('after', '\nExample:\n  ghostserve build state_dict_73.98.pth --preset imagenet-bilinear --out my-ghostnet')
    .action(async (checkpoint: string, options: BuildCommandOptions) => {
      await findOutputFolder(dirname(resolve(options.out)))
      await findOutputFolder(options.out)
      const run = (await stat(checkpoint)).isDirectory() ? trainingRun(checkpoint) : undefined
      const { out, force, labels = run?.labels, card: cardPath = run?.card, ...others } = options
      const { preset, cropSize, cropPct, interpolation, resizer, ...rest } = others
      const card = cardPath === undefined ? undefined : await readJsonFile<ModelCard>(cardPath, ModelCardSchema)
      const base: Preprocessing = preset === undefined ? card?.preprocessing ?? preprocessingPresets.imagenet : preprocessingPresets[preset]
      const manifest = await buildModel({
        ...rest,
        checkpointPath: run?.checkpoint ?? checkpoint,
        directory: out,
        isForced: force,
        card,
        labelsPath: labels ?? imagenetLabelsPath,
        preprocessing: {
          ...base,
          cropSize: cropSize ?? base.cropSize,
          cropPct: cropPct ?? base.cropPct,
          interpolation: interpolation ?? (resizer === 'opencv' ? 'bilinear' : base.interpolation),
          ...(resizer !== undefined && { resizer }),
        },
      })
      await writeOutput(`${describeModel(manifest)}\n\nBuilt ${out}. Serve it with: MODEL=${out} npm start\n`)
    })
}

/** Files that a run of models/training leaves in its folder. */
function trainingRun (folder: string): { checkpoint: string, labels: string, card: string } {
  return { checkpoint: join(folder, 'best.pth'), labels: join(folder, 'classes.txt'), card: join(folder, 'card.json') }
}

function number (text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('Expected a number.')
  return value
}
