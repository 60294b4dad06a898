import { join } from 'node:path'
import type { ClassIndexOf } from './class-index.ts'
import { labelledFile, listImageFiles } from './image-files.ts'
import type { LabelledImage } from './labelled-image.ts'

/** Images in one folder per class, named by it, at any depth: torchvision's ImageFolder, and ImageNet's validation set in synsets. */
export async function listClassFolders (root: string, folders: readonly string[], classIndexOf: ClassIndexOf): Promise<LabelledImage[]> {
  const images = await Promise.all(folders.map(async (folder) => {
    const classIndex = classIndexOf(folder, root)
    const files = await listImageFiles(join(root, folder), { recursive: true })
    return files.map((file) => labelledFile(root, join(folder, file), classIndex))
  }))
  return images.flat()
}
