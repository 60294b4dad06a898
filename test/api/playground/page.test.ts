import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { errorCodes } from '../../../api/errors.ts'
import { packageRoot } from '../../../models/package-root.ts'
import { openApp } from '../open-app.ts'
import { openAppWithKey } from '../open-app-with-key.ts'

test('/ is one page below 60 KB, and its policy allows its own style and script, previews and calls of the service', async (t) => {
  const { app } = await openApp(t, {}, { start: false })
  const { statusCode, body, headers } = await app.inject('/')
  assert.equal(statusCode, 200)
  assert.equal(headers['content-type'], 'text/html; charset=utf-8')
  assert.ok(Buffer.byteLength(body) < 60_000, `${Buffer.byteLength(body)} bytes`)
  const hashOf = (pattern: RegExp): string => createHash('sha256').update(pattern.exec(body)![1]!).digest('base64')
  assert.equal(headers['content-security-policy'], [
    "default-src 'none'",
    `script-src 'sha256-${hashOf(/<script type="module">([^]*?)<\/script>/)}'`,
    `style-src 'sha256-${hashOf(/<style>([^]*?)<\/style>/)}'`,
    'img-src blob: data:', "connect-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
  ].join('; '))
  assert.doesNotMatch(body, /<iframe|<img|\sstyle=|\son\w+=|url\(|@import|\{\{/)
  assert.deepEqual([...body.matchAll(/\s(?:href|src)="([^"]*)"/g)].map(([, target]) => target).filter((target) => !target!.startsWith('data:')),
    ['docs', 'openapi.json', 'docs'])
})

test('the page knows the limits of the service and whether it has keys', async (t) => {
  const limited = { MAX_IMAGES: '3', MAX_REQUEST_BYTES: '1000', MAX_IMAGE_BYTES: '1572864', IMAGE_FORMATS: 'png,avif' }
  const { app } = await openApp(t, limited, { start: false })
  const { body } = await app.inject('/')
  for (const part of ['<body data-max-images="3" data-max-request-bytes="1000">', 'accept="image/png,image/avif"', 'PNG, AVIF, up to 1.5 MiB each']) {
    assert.ok(body.includes(part), part)
  }
  const { app: closed } = await openAppWithKey(t)
  assert.match((await closed.inject('/')).body, /<body [^>]* data-needs-key>/)
})

test('without the playground / is a sign of life, as KServe asks for it, with or without keys', async (t) => {
  for (const { app } of [await openApp(t, { PLAYGROUND: 'false' }, { start: false }), await openAppWithKey(t, { PLAYGROUND: 'false' })]) {
    const response = await app.inject('/')
    assert.equal(response.statusCode, 200)
    assert.deepEqual(response.json(), { status: 'alive' })
  }
})

test('the package that is published, and so the image, has the page\'s files', () => {
  const packed = JSON.parse(execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: packageRoot, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })) as
    [{ files: Array<{ path: string }> }]
  const paths = packed[0].files.map(({ path }) => path)
  const files = readdirSync(join(packageRoot, 'api/http/playground')).map((name) => `api/http/playground/${name}`)
  assert.equal(files.length, 5)
  for (const path of [...files, 'dist/bundle/server.js']) assert.ok(paths.includes(path), path)
})

test('problems that the page explains are the service\'s', () => {
  const script = readFileSync(join(packageRoot, 'api/http/playground/problems.js'), 'utf8')
  const explained = [.../^const explanations = \{\n([^}]+)\}/m.exec(script)![1]!.matchAll(/^ {2}(\w+):/gm)].map(([, code]) => code!)
  assert.ok(explained.length > 5)
  for (const code of explained) assert.ok((errorCodes as readonly string[]).includes(code), code)
})
