/** What a person sees who starts the service on a terminal. */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import test from 'node:test'
import { packageRoot } from '../../models/package-root.ts'

const hasScript = process.platform === 'linux' && spawnSync('script', ['--version']).error === undefined
if (!hasScript) process.stderr.write('!!! SKIPPED: there is no script(1) of util-linux, so the log on a terminal was not checked\n')

test('on a terminal the log is for people, to its last line', { skip: !hasScript && 'no script(1)' }, async () => {
  // Ctrl-C after some seconds.
  const command = `timeout --signal INT 8 '${process.execPath}' dist/bundle/server.js`
  const terminal = spawn('script', ['-qec', command, '/dev/null'], {
    cwd: packageRoot, env: { ...process.env, HOST: '127.0.0.1', PORT: '0' }, stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [shown] = await Promise.all([text(terminal.stdout), once(terminal, 'exit')])
  assert.match(shown, /INFO[^\n]*Server listening at http:[^]*INFO[^\n]*ready[^]*model[^]*ghostnet_050_tin200[^]*INFO[^\n]*closing/)
  assert.doesNotMatch(shown, /^\{/m)
})
