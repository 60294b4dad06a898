/** The guide's Python, run as it is against a service that rejects at first. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import test from 'node:test'
import { ServiceError } from '../../../api/errors.ts'
import { packageRoot } from '../../../models/package-root.ts'
import { openApp } from '../open-app.ts'

const python = process.env['CONTRACT_CLIENTS_PYTHON']

test('httpx: the guide\'s snippet waits for Retry-After and gets labels', async (t) => {
  const [, snippet] = /```python\n([^]*?)```/.exec(readFileSync(join(packageRoot, 'docs/how-to/call-it-from-a-program.md'), 'utf8')) ?? []
  assert.ok(snippet?.includes('import httpx') === true, 'the guide has the snippet')
  if (python === undefined) {
    const reason = 'the httpx snippet was not run: npm run test:contracts installs httpx'
    process.stderr.write(`!!! SKIPPED: ${reason}\n`)
    return t.skip(reason)
  }
  const { app } = await openApp(t)
  const arrivals: number[] = []
  app.addHook('onRequest', async () => {
    arrivals.push(performance.now())
    if (arrivals.length === 1) throw new ServiceError('queue_full', 'Full.', { retryAfterSeconds: 1 })
  })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  const script = snippet.replace('http://localhost:8080', url).replace('photo.jpg', join(packageRoot, 'test/fixtures/coffee.png'))
  const child = spawn(python, ['-c', script], { stdio: ['ignore', 'pipe', 'pipe'] })
  const [output, errors, [exitCode]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
  assert.equal(exitCode, 0, errors)
  assert.match(output, /espresso/)
  assert.equal(arrivals.length, 2)
  assert.ok(arrivals[1]! - arrivals[0]! >= 1000)
})
