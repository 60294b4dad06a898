/** Published checkpoints of GhostNet on ImageNet-1k: their addresses, their digests, and their publishers' measurements. */
import type { KnownDigests } from './digests.ts'
import type { Manifest } from '../manifest/manifest.ts'
import type { PreprocessingPreset } from '../manifest/preprocessing.ts'

export interface CatalogEntry {
  readonly name: string
  readonly description: string
  /** Name under which it is published and stored. */
  readonly fileName: string
  /** Addresses in the order to try. */
  readonly urls: readonly string[]
  /** Digests as published; prefixes if the publisher gives no more. */
  readonly digests: KnownDigests
  readonly license: string
  /** Preprocessing of the evaluation that `accuracy` reports. */
  readonly preset: PreprocessingPreset
  readonly accuracy: Manifest['accuracy']
  /** Caveats for users. */
  readonly note?: string
}

const dataset = 'ImageNet-1k validation'
const mindcvHosts = ['https://download.mindspore.cn', 'https://download-mindspore.osinfra.cn']
const mindcvLicense = 'Apache-2.0 (of the MindCV repository; none is stated for the weights)'

/** Digest from the name of a file: MindCV's names have the first 32 bits of its SHA-256. */
function describeMindcv (
  name: string, width: string, fileName: string, hosts: readonly string[], [top1, top5]: readonly [number, number]
): CatalogEntry {
  const sha256 = /-([0-9a-f]{8})[-.]/.exec(fileName)?.[1] ?? ''
  return {
    name,
    description: `GhostNet ${width} by MindCV`,
    fileName,
    urls: hosts.map((host) => `${host}/toolkits/mindcv/ghostnet/${fileName}`),
    digests: { sha256 },
    license: mindcvLicense,
    preset: 'imagenet-opencv',
    accuracy: [{ dataset, top1, top5, measuredBy: 'MindCV' }],
  }
}

export const catalog: readonly CatalogEntry[] = [
  {
    name: 'ghostnet_100',
    description: 'GhostNet 1x by its authors',
    fileName: 'state_dict_73.98.pth',
    urls: [
      'https://github.com/huawei-noah/ghostnet/raw/master/ghostnet_pytorch/models/state_dict_73.98.pth',
      'https://github.com/huawei-noah/CV-backbones/releases/download/ghostnet_pth/ghostnet_1x.pth',
    ],
    digests: {
      sha256: '965143b0',
      md5: 'f7241350b4486bf00accbf9c3a192331',
      gitBlobSha1: '26da9f2807cd5ba95c607cec01ceb9700d94e0ae',
    },
    license: 'Apache-2.0',
    preset: 'imagenet-bilinear',
    accuracy: [
      { dataset, top1: 73.98, top5: 91.46, measuredBy: 'the GhostNet authors' },
      { dataset, top1: 73.958, top5: 91.542, measuredBy: 'timm, with bicubic interpolation' },
    ],
  },
  {
    name: 'ghostnet_100.timm',
    description: 'GhostNet 1x as timm publishes it: the authors\' weights as safetensors',
    fileName: 'model.safetensors',
    urls: ['https://huggingface.co/timm/ghostnet_100.in1k/resolve/main/model.safetensors'],
    digests: {},
    license: 'Apache-2.0',
    preset: 'imagenet',
    accuracy: [{ dataset, top1: 73.958, top5: 91.542, measuredBy: 'timm' }],
    note: 'No digest of this file is known in advance: the first pull trusts the connection, and its digest is enforced after.',
  },
  describeMindcv('ghostnet_050.mindcv', '0.5x', 'ghostnet_050-85b91860.ckpt', mindcvHosts, [66.03, 86.64]),
  describeMindcv('ghostnet_050.mindcv-2025', '0.5x of 2025', 'ghostnet_050-ae7771cb-910v2.ckpt', mindcvHosts.toReversed(), [65.93, 86.65]),
  describeMindcv('ghostnet_100.mindcv', '1x', 'ghostnet_100-bef8025a.ckpt', mindcvHosts, [73.78, 91.66]),
  describeMindcv('ghostnet_130.mindcv', '1.3x', 'ghostnet_130-cf4c235c.ckpt', mindcvHosts, [75.5, 92.56]),
]
