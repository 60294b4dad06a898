/** The README's TypeScript, run as it is, beside the package that it imports. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { promisify } from 'node:util'
import { packageRoot } from '../../../models/package-root.ts'
import { fixturePath } from '../../fixtures/index.ts'
import { openApp } from '../open-app.ts'

test('the README\'s program gets labels for one photo, and for many', async (t) => {
  const [, snippet] = /```ts\n([^]*?)```/.exec(readFileSync(join(packageRoot, 'README.md'), 'utf8')) ?? []
  assert.ok(snippet?.includes('ghostserve/client') === true, 'the README has the snippet')
  const { app } = await openApp(t)
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  const temporary = join(packageRoot, '.ghostserve')
  mkdirSync(temporary, { recursive: true })
  const folder = mkdtempSync(join(temporary, 'snippet-')) // in the package, where its own name resolves
  t.after(() => rmSync(folder, { recursive: true }))
  symlinkSync(fixturePath('exif-1.jpg'), join(folder, 'photo.jpg'))
  // The reader's own: what the README leaves open.
  const photos = `const photos = await Promise.all(${JSON.stringify([fixturePath('coffee.png'), fixturePath('README.md')])}.map(async (path) => await readFile(path)))\n`
  const program = snippet.replace('http://localhost:8080', url).replace('const client', `${photos}const client`)
  writeFileSync(join(folder, 'program.mjs'), `${program}\nconsole.log(predictions.length)\n`)
  const { stdout } = await promisify(execFile)(process.execPath, ['program.mjs'], { cwd: folder })
  assert.match(stdout, /espresso/)
  assert.match(stdout, /Expected a JPEG, PNG, or WebP image/)
  assert.match(stdout, /^3$/m)
})
