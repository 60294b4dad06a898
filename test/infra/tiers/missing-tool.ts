/** What a check needs and this machine cannot get: the check is skipped, loudly. In CI it fails: a skip would not be noticed. */
import type { TestContext } from 'node:test'

export class MissingTool extends Error {
  override readonly name = 'MissingTool'
  readonly code = 'MISSING_TOOL'
}

/**
 * Skips a test loudly for lack of a tool; if CI is set, only if ALLOW_MISSING_TOOLS=1.
 *
 * @returns undefined after it has skipped the test.
 * @throws MissingTool in CI, and whatever else `find` throws.
 */
export async function findOrSkip<Found> (
  t: Pick<TestContext, 'name' | 'skip'>, find: () => Found | Promise<Found>
): Promise<Found | undefined> {
  try {
    return await find()
  } catch (error) {
    const isAllowed = (process.env['CI'] ?? '') === '' || process.env['ALLOW_MISSING_TOOLS'] === '1'
    if (!(error instanceof MissingTool) || !isAllowed) throw error
    console.error(`!!! SKIPPED: ${t.name}: ${error.message}`)
    t.skip(error.message)
    return undefined
  }
}
