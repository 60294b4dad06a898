import { CheckpointError, quote } from './checkpoint-error.ts'
import type { StateDict, Tensor } from './state-dict.ts'

/** Prefixes of training wrappers: DataParallel, a class around the network, torch.compile, MindSpore's cells. */
const wrapperPrefixes = ['module.', 'model.', 'network.', 'backbone.', '_orig_mod.']

/** Largest depth of wrappers: `module.module._orig_mod.model.`; a hostile name could repeat a prefix a million times. */
const maxWrappers = 4

const emaPrefix = 'ema.' // MindCV's averaged copy of each tensor

/** Tensors other than weights in a checkpoint: PyTorch's and a profiler's counters, and the state of MindSpore's training loop. */
const notWeights = [
  /(^|\.)(num_batches_tracked|total_ops|total_params)$/,
  /^(network\.)?(moments|moment1|moment2|accum)\./,
  /^(learning_rate|momentum|weight_decay|global_step|epoch_num|step_num|beta1_power|beta2_power)$/,
  /^(scale_sense|current_iterator_step|last_overflow_iterator_step)$/,
]

/** Other networks named GhostNet, recognised by a name that only they have. */
const foreignNetworks = [
  {
    pattern: /^features\.\d/,
    sentence: 'is named as in the older iamhankai and d-li14 GhostNet, whose squeeze-excite gate is clamp(x, 0, 1) and whose head has a batch norm',
  },
  { pattern: /\.short_conv\.|_rpr_/, sentence: 'belongs to a GhostNetV2 or GhostNetV3, which has further branches' },
  { pattern: /^(conv_last|squeeze)\b/, sentence: 'is named as in PaddleClas\'s GhostNet, whose squeeze-excite gate is clip(x, 0, 1) and whose head has a batch norm' },
]

/** MindSpore's names for a batch norm; no other module of this network has parameters of these names. */
const mindSporeLeaves: ReadonlyMap<string, string> = new Map([
  ['gamma', 'weight'],
  ['beta', 'bias'],
  ['moving_mean', 'running_mean'],
  ['moving_variance', 'running_var'],
])

/**
 * Renames the tensors of any known training framework to the official PyTorch names. Whether all are there and have the right
 * shapes is checked against the network later.
 *
 * @throws CheckpointError `CHECKPOINT_FOREIGN` for other networks of the GhostNet family, `CHECKPOINT_INVALID` if two tensors get one name.
 */
export function toOfficialNames (tensors: StateDict): StateDict {
  const weights = new Map([...tensors].filter(([name, { shape }]) => {
    return shape.length > 0 && !notWeights.some((pattern) => pattern.test(name)) // the network has no scalars
  }))
  const unwrapped = stripPrefixes(preferAveraged(stripPrefixes(weights)))
  rejectForeign(unwrapped)
  return rename(unwrapped, toOfficialName)
}

function stripPrefixes (tensors: StateDict): StateDict {
  let stripped = tensors
  for (let depth = 0; depth < maxWrappers; depth++) {
    const names = [...stripped.keys()]
    const prefix = wrapperPrefixes.find((candidate) => names.every((name) => name.startsWith(candidate)))
    if (prefix === undefined) break
    stripped = rename(stripped, (name) => name.slice(prefix.length))
  }
  return stripped
}

/** Chooses the averaged weights, which get evaluated, if the set is complete: only then they are a network. */
function preferAveraged (tensors: StateDict): StateDict {
  const names = [...tensors.keys()]
  const plainNames = names.filter((name) => !name.startsWith(emaPrefix))
  const averagedNames = names.filter((name) => name.startsWith(emaPrefix))
  const isComplete = averagedNames.length > 0 && plainNames.every((name) => tensors.has(emaPrefix + name))
  return isComplete
    ? rename(select(tensors, averagedNames), (name) => name.slice(emaPrefix.length))
    : select(tensors, plainNames)
}

function select (tensors: StateDict, names: readonly string[]): StateDict {
  return new Map(names.map((name) => [name, tensors.get(name)!]))
}

function rejectForeign (tensors: StateDict): void {
  for (const name of tensors.keys()) {
    const foreign = foreignNetworks.find(({ pattern }) => pattern.test(name))
    if (foreign !== undefined) {
      throw new CheckpointError('CHECKPOINT_FOREIGN',
        `The tensor ${quote(name)} ${foreign.sentence}: as the GhostNet of this project it would give wrong logits.`)
    }
  }
}

function toOfficialName (name: string): string {
  const path = name
    .replace(/^blocks\.9\.features\.0\./, 'blocks.9.0.conv.') // MindCV's 1x1 convolution before the pooling
    .replace(/^blocks\.9\.features\.1\./, 'blocks.9.0.bn1.')
  const leafStart = path.lastIndexOf('.') + 1
  const leaf = path.slice(leafStart)
  return path.slice(0, leafStart) + (mindSporeLeaves.get(leaf) ?? leaf)
}

function rename (tensors: StateDict, toName: (name: string) => string): StateDict {
  const renamed = new Map<string, Tensor>()
  for (const [name, tensor] of tensors) {
    const newName = toName(name)
    if (renamed.has(newName)) throw new CheckpointError('CHECKPOINT_INVALID', `Two tensors of the checkpoint stand for ${quote(newName)}.`)
    renamed.set(newName, tensor)
  }
  return renamed
}
