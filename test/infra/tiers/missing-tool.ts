/** What a check needs and this machine cannot get: the check is skipped, aloud. */
import type { TestContext } from 'node:test'

export class MissingTool extends Error {
  override readonly name = 'MissingTool'
  readonly code = 'MISSING_TOOL'
}

/** @returns undefined after it has skipped the test. */
export async function findOrSkip<Found> (t: TestContext, find: () => Found | Promise<Found>): Promise<Found | undefined> {
  try {
    return await find()
  } catch (error) {
    if (!(error instanceof MissingTool)) throw error
    console.error(`!!! SKIPPED: ${t.name}: ${error.message}`)
    t.skip(error.message)
    return undefined
  }
}
