// `npm start` in a clone with nothing installed: it must serve, name an espresso, and leave nothing running when npm is ended.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const clone = process.argv[2]
const npm = spawn('npm', ['start'], {
  cwd: clone,
  detached: true, // a process group of its own, to see what is left of it
  env: { ...process.env, HOST: '127.0.0.1', PORT: '0' },
  stdio: ['ignore', 'pipe', 'inherit'],
})
const startedAt = performance.now()
const seconds = () => ((performance.now() - startedAt) / 1000).toFixed(1)

let url
for await (const line of createInterface({ input: npm.stdout })) {
  url ??= /Server listening at (http[^"]+)/.exec(line)?.[1]
  if (line.includes('"msg":"ready"')) break
}
if (url === undefined) throw new Error('npm start ended without listening.')
console.log(`ready after ${seconds()} s, installation and build included`)

const form = new FormData()
form.append('image', new Blob([readFileSync(join(clone, 'test/fixtures/coffee.png'))]), 'coffee.png')
const answer = await (await fetch(`${url}/classify?topK=2`, { method: 'POST', body: form })).json()
console.log(JSON.stringify(answer))
if (answer.results[0].predictions[0].label !== 'espresso') throw new Error('Expected an espresso.')

npm.kill('SIGTERM')
await once(npm, 'exit')
for (let waitedMs = 0; isAlive(-npm.pid); waitedMs += 100) {
  if (waitedMs > 10_000) throw new Error('A process of npm start is left running.')
  await new Promise((resolve) => setTimeout(resolve, 100))
}
console.log('nothing is left running')

function isAlive (pid) {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
