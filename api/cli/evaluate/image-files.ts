import { readdir, readFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import type { LabelledImage } from './labelled-image.ts'

const imageExtensions = new Set(['.jpg', '.jpeg', '.png', '.webp'])

/** Paths of the image files in a folder, by their extensions, relative to it and sorted. */
export async function listImageFiles (folder: string, { recursive }: { recursive: boolean }): Promise<string[]> {
  const files = await readdir(folder, { recursive })
  return files.filter((file) => imageExtensions.has(extname(file).toLowerCase())).sort()
}

export function labelledFile (folder: string, file: string, classIndex: number): LabelledImage {
  return { name: file, classIndex, read: async () => await readFile(join(folder, file)) }
}
