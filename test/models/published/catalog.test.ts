import assert from 'node:assert/strict'
import { test } from 'node:test'
import { catalog } from '../../../models/published/catalog.ts'
import { DownloadError } from '../../../models/published/download-error.ts'
import { preprocessingPresets, resizeShorterSide, type Preprocessing } from '../../../models/manifest/preprocessing.ts'
import { findCatalogEntry } from '../../../models/published/pull.ts'

const entries = new Map(catalog.map((entry) => [entry.name, entry]))

test('the catalog holds the six published checkpoints', () => {
  assert.deepEqual([...entries.keys()], [
    'ghostnet_100', 'ghostnet_100.timm', 'ghostnet_050.mindcv', 'ghostnet_050.mindcv-2025', 'ghostnet_100.mindcv', 'ghostnet_130.mindcv',
  ])
})

test('digests are what the publishers give: three kinds for the authors\' file, 32 bits for MindCV\'s, none for timm\'s', () => {
  const digests = [...entries.values()].map((entry) => entry.digests)
  assert.deepEqual(digests, [
    { sha256: '965143b0', md5: 'f7241350b4486bf00accbf9c3a192331', gitBlobSha1: '26da9f2807cd5ba95c607cec01ceb9700d94e0ae' },
    {},
    { sha256: '85b91860' },
    { sha256: 'ae7771cb' },
    { sha256: 'bef8025a' },
    { sha256: 'cf4c235c' },
  ])
})

test('every address is secure and every MindCV file can be had from two hosts', () => {
  for (const { name, urls, fileName } of catalog) {
    for (const url of urls) assert.equal(new URL(url).protocol, 'https:')
    if (!name.includes('mindcv')) continue
    assert.equal(new Set(urls.map((url) => new URL(url).host)).size, 2)
    assert.ok(urls.every((url) => url.endsWith(`/toolkits/mindcv/ghostnet/${fileName}`)))
  }
  assert.match(entries.get('ghostnet_050.mindcv-2025')?.urls[0] ?? '', /^https:\/\/download-mindspore\.osinfra\.cn\//)
})

test('every checkpoint is evaluated as its publisher did: 224 pixels of 256, bicubic for timm, bilinear for the others, by OpenCV for MindCV', () => {
  for (const { name, preset } of catalog) {
    const preprocessing: Preprocessing = preprocessingPresets[preset]
    assert.equal(preprocessing.cropSize, 224)
    assert.equal(resizeShorterSide(preprocessing), 256)
    assert.equal(preprocessing.interpolation, name === 'ghostnet_100.timm' ? 'bicubic' : 'bilinear')
    assert.equal(preprocessing.resizer, name.includes('mindcv') ? 'opencv' : undefined)
  }
})

test('the reported accuracies are the published ones', () => {
  const reported = catalog.map(({ accuracy: [first] }) => [first?.top1, first?.top5])
  assert.deepEqual(reported, [[73.98, 91.46], [73.958, 91.542], [66.03, 86.64], [65.93, 86.65], [73.78, 91.66], [75.5, 92.56]])
})

test('an unknown name is rejected with the names there are', () => {
  assert.throws(() => findCatalogEntry('ghostnet_200'), (error) => error instanceof DownloadError &&
    error.code === 'DOWNLOAD_UNKNOWN_NAME' && /ghostnet_130\.mindcv\), got "ghostnet_200"/.test(error.message))
})
