/** The guide's TypeScript, run as it is, with the package that it imports. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { promisify } from 'node:util'
import { packageRoot } from '../../../models/package-root.ts'
import { fixturePath } from '../../fixtures/index.ts'
import { openApp } from '../open-app.ts'

test('the guide\'s program gets labels for one photo, and for many', async (t) => {
  const [, snippet] = /```ts\n([^]*?)```/.exec(readFileSync(join(packageRoot, 'docs/how-to/call-it-from-a-program.md'), 'utf8')) ?? []
  assert.ok(snippet?.includes('ghostserve/client') === true, 'the guide has the snippet')
  const { app } = await openApp(t)
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  const temporary = join(packageRoot, '.ghostserve')
  mkdirSync(temporary, { recursive: true })
  const folder = mkdtempSync(join(temporary, 'snippet-')) // in the package, where its own name resolves
  t.after(() => rmSync(folder, { recursive: true }))
  // The reader's own, one of which is no photo.
  for (const [name, fixture] of [['photo.jpg', 'exif-1.jpg'], ['one.jpg', 'coffee.png'], ['two.png', 'README.md']] as const) {
    symlinkSync(fixturePath(fixture), join(folder, name))
  }
  const program = snippet.replace('http://localhost:8080', url)
  writeFileSync(join(folder, 'program.mts'), program)
  const run = async (...args: string[]): Promise<string> => (await promisify(execFile)(process.execPath, args, { cwd: folder })).stdout
  // TypeScript has the types of the package; JavaScript runs.
  const compiler = join(packageRoot, 'node_modules/typescript/bin/tsc')
  await run(compiler, '--ignoreConfig', '--strict', '--module', 'nodenext', '--target', 'es2023', '--types', 'node', 'program.mts')
  const stdout = await run('program.mjs')
  assert.match(stdout, /espresso/)
  assert.match(stdout, /Expected a JPEG, PNG, or WebP image/)
  assert.equal(stdout.match(/classIndex/g)?.length, 3 + 5)
})
