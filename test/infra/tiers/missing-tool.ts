/** What a check needs and this machine cannot get: the check is skipped, aloud. In CI it fails, or nobody would see that it is gone. */
import type { TestContext } from 'node:test'

export class MissingTool extends Error {
  override readonly name = 'MissingTool'
  readonly code = 'MISSING_TOOL'
}

/** Neither Debian nor npm, PyPI or Go has it: CI cannot be asked to install it, and its check is skipped there too. */
export class UnpackagedTool extends MissingTool {}

/**
 * @param environment - Where CI is set, only ALLOW_MISSING_TOOLS=1 lets a check be skipped, unless its tool is an UnpackagedTool.
 * @returns undefined after it has skipped the test.
 * @throws MissingTool in CI, and whatever else `find` throws.
 */
export async function findOrSkip<Found> (
  t: Pick<TestContext, 'name' | 'skip'>, find: () => Found | Promise<Found>, environment: NodeJS.ProcessEnv = process.env
): Promise<Found | undefined> {
  try {
    return await find()
  } catch (error) {
    const isAllowed = (environment['CI'] ?? '') === '' || environment['ALLOW_MISSING_TOOLS'] === '1' || error instanceof UnpackagedTool
    if (!(error instanceof MissingTool) || !isAllowed) throw error
    console.error(`!!! SKIPPED: ${t.name}: ${error.message}`)
    t.skip(error.message)
    return undefined
  }
}
