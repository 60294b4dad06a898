/** The graphs of a model directory are build products; an index ties them to the weights that they were made from. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Type, type Static } from 'typebox'
import { sha256Of } from './sha256.ts'
import { modelFiles, readJsonFile, type Manifest } from './manifest.ts'
import { ModelError } from './model-error.ts'
import type { Layout } from '../onnx/layout.ts'

const GraphIndexSchema = Type.Object({
  weightsSha256: Type.String(),
  graphs: Type.Record(Type.String(), Type.Object({ sha256: Type.String() }), { description: 'Digests by layout.' }),
})

export type GraphIndex = Static<typeof GraphIndexSchema>

export const graphIndexFile = 'index.json'

export const graphPath = (directory: string, layout: Layout): string => join(directory, modelFiles.graphs, `${layout}.onnx`)

/**
 * Finds the file with the graph of a layout.
 *
 * @throws ModelError if it was made from other weights than the manifest's, or differs from what was built.
 */
export async function findGraph (directory: string, manifest: Manifest, layout: Layout): Promise<string> {
  const index = await readJsonFile<GraphIndex>(join(directory, modelFiles.graphs, graphIndexFile), GraphIndexSchema)
  if (index.weightsSha256 !== manifest.weights.sha256) {
    throw new ModelError(
      `The graphs of ${directory} were built from the weights ${index.weightsSha256}, but its manifest names ${manifest.weights.sha256}: build the model again.`)
  }
  const path = graphPath(directory, layout)
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw new ModelError(`Expected the graph ${path}, but it cannot be read: build the model again.`, { cause })
  })
  const sha256 = sha256Of(bytes)
  const expected = index.graphs[layout]?.sha256
  if (sha256 !== expected) {
    throw new ModelError(`The graph ${path} is not the one that was built: expected sha256 ${expected ?? 'in its index'}, got ${sha256}.`)
  }
  return path
}
