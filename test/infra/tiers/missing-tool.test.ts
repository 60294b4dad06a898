/** A check is skipped only for want of what it needs, never for a fault, and in CI only if that is allowed. */
import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { suite, type TestContext } from 'node:test'
import { buildKubernetes } from './kubernetes-build.ts'
import { findOrSkip, MissingTool, UnpackagedTool } from './missing-tool.ts'

suite('a missing tool', () => {
  const skipWith = async (error: Error, environment: NodeJS.ProcessEnv): Promise<string[]> => {
    const skipped: string[] = []
    const context = { name: 'no check, but a test of skipping', skip: (message?: string) => { skipped.push(message!) } }
    assert.equal(await findOrSkip(context, () => { throw error }, environment), undefined)
    return skipped
  }
  const missing = new MissingTool('Expected a tool.')

  test('skips its check', async () => {
    assert.deepEqual(await skipWith(missing, {}), ['Expected a tool.'])
  })

  test('fails its check in CI, unless it is allowed there', async () => {
    await assert.rejects(skipWith(missing, { CI: 'true' }), missing)
    assert.deepEqual(await skipWith(missing, { CI: 'true', ALLOW_MISSING_TOOLS: '1' }), ['Expected a tool.'])
  })

  test('skips its check in CI too, if it is in no registry', async () => {
    assert.deepEqual(await skipWith(new UnpackagedTool('Expected a tool.'), { CI: 'true' }), ['Expected a tool.'])
  })

  test('is no excuse for a fault', async () => {
    const fault = new Error('Expected no fault.')
    await assert.rejects(skipWith(fault, { ALLOW_MISSING_TOOLS: '1' }), fault)
  })
})

suite('of kube-apiserver\'s build', () => {
  /** What the build throws with a Go that fails at this command. */
  async function failAt (t: TestContext, command: string): Promise<unknown> {
    const folder = mkdtempSync(join(tmpdir(), 'ghostserve-go-'))
    t.after(() => rmSync(folder, { recursive: true }))
    writeFileSync(join(folder, 'go.mod'), 'module k8s.io/kubernetes\ngo 1.25.0\n')
    writeFileSync(join(folder, 'go.sum'), '')
    writeFileSync(join(folder, 'go'), `#!/bin/sh
if [ "$1" = ${command} ]; then echo "no ${command} today" >&2; exit 1; fi
echo '{"Dir": "${folder}", "GoMod": "${folder}/go.mod"}'
`)
    chmodSync(join(folder, 'go'), 0o755)
    return await buildKubernetes(folder, { PATH: `${folder}:/usr/bin:/bin` }).catch((error: unknown) => error)
  }

  test('a failed download is a missing tool', async (t) => {
    for (const command of ['mod', 'list']) {
      const error = await failAt(t, command)
      assert.ok(error instanceof MissingTool, command)
      assert.ok(error.message.endsWith(`no ${command} today`), error.message)
    }
  })

  test('a failed compilation is a fault', async (t) => {
    const error = await failAt(t, 'build')
    assert.ok(error instanceof Error && !(error instanceof MissingTool))
    assert.ok(error.message.endsWith('no build today'), error.message)
  })

  test('Go itself is a missing tool where there is none', async () => {
    await assert.rejects(buildKubernetes(tmpdir(), { PATH: '/nowhere' }), { name: 'MissingTool', message: /there is none/ })
  })
})
