import { readdir, stat } from 'node:fs/promises'
import { basename, extname, join } from 'node:path'
import type { Label } from '../../../models/manifest/labels.ts'
import { UsageError } from '../usage-error.ts'
import { listClassFolders } from './class-folders.ts'
import { indexClasses } from './class-index.ts'
import { listFlatFolder, listNamedImages } from './image-list.ts'
import type { LabelledImage } from './labelled-image.ts'
import { listWebDataset } from './web-dataset.ts'

const shardExtension = '.tar'
/** Prefix of validation shards: a data set may have its training shards in the same folder. */
const validationPrefix = 'val'

/**
 * Lists the images of a data set and their classes, in a stable order.
 *
 * @param data - A folder with one folder per class, a folder of WebDataset shards or one such shard, a list of images, or a folder
 * of images whose classes are in `groundTruth`.
 * @throws UsageError if there is no such path, no image in it, or a class that is not one of the model's.
 */
export async function listLabelledImages (data: string, labels: readonly Label[], groundTruth?: string): Promise<LabelledImage[]> {
  const images = await readDataSet(data, labels, groundTruth)
  if (images.length === 0) throw new UsageError(`Expected labelled images in ${data}, found none.`)
  return images
}

async function readDataSet (data: string, labels: readonly Label[], groundTruth: string | undefined): Promise<LabelledImage[]> {
  const stats = await stat(data).catch(() => undefined)
  if (stats === undefined) throw new UsageError(`Expected a folder or a list of images, but there is no ${data}.`)
  const classIndexOf = indexClasses(labels)
  if (groundTruth !== undefined) {
    if (!stats.isDirectory()) throw new UsageError(`Expected a folder of images for the classes in ${groundTruth}, but ${data} is a file.`)
    return await listFlatFolder(data, groundTruth, classIndexOf)
  }
  if (!stats.isDirectory()) {
    return extname(data) === shardExtension ? await listWebDataset([data], labels.length) : await listNamedImages(data, classIndexOf)
  }
  const entries = (await readdir(data, { withFileTypes: true })).sort((a, b) => a.name < b.name ? -1 : 1)
  const shards = entries.filter((entry) => entry.isFile() && extname(entry.name) === shardExtension).map(({ name }) => join(data, name))
  const validation = shards.filter((shard) => basename(shard).startsWith(validationPrefix))
  if (shards.length > 0) return await listWebDataset(validation.length > 0 ? validation : shards, labels.length)
  const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
  if (folders.length > 0) return await listClassFolders(data, folders, classIndexOf)
  throw new UsageError(`Expected a folder for each class, or tar archives, in ${data}, found neither. Classes of images in one folder need --ground-truth.`)
}
