// What `npm pack` makes, installed in an empty folder by the command of docs/how-to/publish.md, must serve without a network.
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const root = join(import.meta.dirname, '..')

/** In a network of its own, which has no way out. */
async function serveAndAsk (folder) {
  const { connect } = await import('node:net')
  const [error] = await once(connect(443, '192.0.2.1'), 'error').catch((error) => [error])
  if (error.code !== 'ENETUNREACH') throw new Error(`Expected no network, got ${error.code}.`)
  const startedAt = performance.now()
  const service = spawn(join(folder, 'node_modules/.bin/ghostserve'), ['serve'], {
    cwd: folder, env: { ...process.env, HOST: '127.0.0.1', PORT: '0' }, stdio: ['ignore', 'pipe', 'inherit'],
  })
  let url
  for await (const line of createInterface({ input: service.stdout })) {
    url ??= /Server listening at (http[^"]+)/.exec(line)?.[1]
    if (line.includes('"msg":"ready"')) break
  }
  if (url === undefined) throw new Error('ghostserve serve ended without listening.')
  console.log(`ready after ${((performance.now() - startedAt) / 1000).toFixed(1)} s`)
  // The client of the same package, as another program imports it.
  const program = `import { readFileSync } from 'node:fs'
import { GhostServeClient } from 'ghostserve/client'
const { predictions } = await new GhostServeClient({ url: process.argv[2] }).classify(readFileSync(process.argv[3]))
console.log(predictions[0].label)`
  writeFileSync(join(folder, 'program.mjs'), program)
  const label = execFileSync(process.execPath, [join(folder, 'program.mjs'), url, join(root, 'test/fixtures/coffee.png')], { encoding: 'utf8' }).trim()
  service.kill('SIGTERM')
  const [exitCode] = await once(service, 'exit')
  if (label !== 'espresso' || exitCode !== 0) throw new Error(`Expected an espresso and exit code 0, got ${label} and ${exitCode}.`)
  console.log('served an espresso without a network')
  // Commands find what they need without a build next to the bundle: a photo's labels, and a child process.
  const ghostserve = (...args) => execFileSync(join(folder, 'node_modules/.bin/ghostserve'), args, { cwd: folder, encoding: 'utf8' })
  const labels = JSON.parse(ghostserve('classify', 'bundled', join(root, 'test/fixtures/coffee.png'), '--json'))
  const { providers } = JSON.parse(ghostserve('doctor', '--json'))
  if (labels[0].predictions?.[0].label !== 'espresso' || !providers.some(({ provider, isUsable }) => provider === 'cpu' && isUsable)) {
    throw new Error(`Expected an espresso and a usable cpu, got ${JSON.stringify({ labels, providers })}.`)
  }
  if (!readFileSync(join(folder, 'node_modules/ghostserve/dist/bundle/LICENSES.txt'), 'utf8').includes('fastify')) throw new Error('Expected licences.')
}

function checkPackage () {
  const work = mkdtempSync(join(tmpdir(), 'ghostserve-package-'))
  try {
    const [packed] = JSON.parse(execFileSync('npm', ['pack', '--json', '--pack-destination', work], { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }))
    const folder = join(work, 'empty')
    mkdirSync(folder)
    const page = readFileSync(join(root, 'docs/how-to/publish.md'), 'utf8')
    const [, ...args] = /^npm install .*$/m.exec(page)[0].replace('ghostserve-VERSION.tgz', join(work, packed.filename)).split(' ')
    execFileSync('npm', args, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] })
    const installed = Number(execFileSync('du', ['-sk', 'node_modules'], { cwd: folder, encoding: 'utf8' }).split('\t')[0]) * 1024
    for (const [what, bytes] of [['packed', packed.size], ['unpacked', packed.unpackedSize], ['installed', installed]]) {
      const said = Number(new RegExp(`\\| ${what}[^|]*\\| ([\\d.]+) MB \\|`).exec(page)[1])
      console.log(`${what}: ${(bytes / 1e6).toFixed(1)} MB, ${said} MB in docs/how-to/publish.md`)
      if (Math.abs(bytes / 1e6 / said - 1) > 0.15) process.exitCode = 1
    }
    const alone = ['--net', ...process.getuid() === 0 ? [] : ['--map-root-user'], 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh']
    if (spawnSync('unshare', [...alone, 'true']).status !== 0) {
      // In CI a skip would not be noticed.
      if (process.env.CI) process.exitCode = 1
      console.error('!!! SKIPPED: unshare and ip cannot make a network without a way out here, so the package was not served')
      return
    }
    process.exitCode ||= spawnSync('unshare', [...alone, process.execPath, import.meta.filename, folder], { stdio: 'inherit' }).status
  } finally {
    rmSync(work, { recursive: true })
  }
}

if (process.argv[2] === undefined) checkPackage()
else await serveAndAsk(process.argv[2])
