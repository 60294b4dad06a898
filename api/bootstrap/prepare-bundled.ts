/** Build step: makes the bundled model's graphs from its weights. */
import { compileGraphs } from '../../models/compile-graphs.ts'
import { bundledModelDirectory } from '../../models/manifest/model-store.ts'

await compileGraphs(bundledModelDirectory)
