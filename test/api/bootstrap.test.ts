import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, rmSync, utimesSync } from 'node:fs'
import { createRequire } from 'node:module'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { packageRoot } from '../../models/package-root.ts'
import { StubProject, listGroup } from './stub-project.ts'
import type { Started } from './stub-project.ts'

interface ReadyServer { pid: number, threads: string }
interface Host { version: string, platform: string, arch: string, isMusl: boolean }

const installStamp = 'node_modules/.ghostserve.json'
const buildStamp = 'dist/.ghostserve.json'
const bash = ['/bin/bash', '/usr/bin/bash'].find((path) => existsSync(path))

async function waitUntilReady (started: Started): Promise<ReadyServer> {
  return JSON.parse(await started.waitFor('ready '))
}

/** All that a start printed before its server was ready. */
async function readPreparation (started: Started): Promise<string[]> {
  await waitUntilReady(started)
  const lines = started.lines.filter((line) => !line.startsWith('ready '))
  started.kill('SIGTERM')
  assert.equal(await started.waitForExit(), 0)
  return lines
}

async function waitUntilGroupIsGone (leader: number): Promise<void> {
  const deadlineMs = performance.now() + 5_000
  while (listGroup(leader).length > 0) {
    assert.ok(performance.now() < deadlineMs, `still running: ${listGroup(leader).join(', ')}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** Environment in which the bootstrap takes this for npm's cli. */
function replaceNpm (stub: StubProject, source: string): NodeJS.ProcessEnv {
  stub.write('fake/npm-cli.js', source)
  stub.write('fake/package.json', '{}')
  return { npm_execpath: stub.path('fake/npm-cli.js') }
}

const hangingNpm = "console.error('npm is ' + process.pid); setInterval(() => {}, 1000)"

suite('bootstrap', () => {
  const template = new StubProject({ after })
  let firstPreparation: string[] = []

  // Stamps hold digests of content, so they are as true of a copy as of this clone.
  before(async () => {
    firstPreparation = await readPreparation(template.bootstrap({ after }, ['serve']))
  })

  test('a fresh clone installs, builds and serves', () => {
    assert.ok(firstPreparation.includes('Installing the dependencies.'))
    assert.ok(firstPreparation.includes('Building.'))
  })

  test('a second start prepares nothing and prints nothing, whatever the modification times say', async (t) => {
    const stub = new StubProject(t, template)
    utimesSync(stub.path('api/server.ts'), new Date(), new Date())
    assert.deepEqual(await readPreparation(stub.bootstrap(t, ['serve'])), [])
  })

  test('a changed source is built again, without an installation', async (t) => {
    const stub = new StubProject(t, template)
    stub.write('api/server.ts', stub.read('api/server.ts').replace('ready ', 'changed\\nready '))
    assert.deepEqual(await readPreparation(stub.bootstrap(t, ['serve'])), ['Building.', 'changed'])
    assert.deepEqual(await readPreparation(stub.bootstrap(t, ['serve'])), ['changed'])
  })

  test('a build without its stamp is one that was interrupted, and is done again', async (t) => {
    const stub = new StubProject(t, template)
    rmSync(stub.path(buildStamp))
    stub.write('dist/bundle/server.js', 'half a build')
    assert.deepEqual(await readPreparation(stub.bootstrap(t, ['serve'])), ['Building.'])
  })

  test('changed dependencies are installed again', async (t) => {
    const stub = new StubProject(t, template)
    stub.write('.npmrc', `${stub.read('.npmrc')}progress=false\n`)
    const preparation = await readPreparation(stub.bootstrap(t, ['serve']))
    assert.equal(preparation[0], 'Installing the dependencies.')
    assert.ok(!preparation.includes('Building.'))
  })

  test('a start killed while npm ran is repaired by the next', async (t) => {
    const stub = new StubProject(t, template)
    rmSync(stub.path(installStamp))
    const killed = stub.bootstrap(t, ['serve'], replaceNpm(stub, hangingNpm))
    const npmPid = Number(await killed.waitFor('npm is '))
    killed.kill('SIGKILL')
    process.kill(npmPid, 'SIGKILL')
    assert.ok((await readPreparation(stub.bootstrap(t, ['serve']))).includes('Installing the dependencies.'))
  })

  test('SIGTERM during an installation ends npm too and leaves no stamp', async (t) => {
    const stub = new StubProject(t, template)
    rmSync(stub.path(installStamp))
    const started = stub.bootstrap(t, ['serve'], replaceNpm(stub, hangingNpm))
    await started.waitFor('npm is ')
    started.kill('SIGTERM')
    assert.equal(await started.waitForExit(), 'SIGTERM')
    await waitUntilGroupIsGone(started.pid)
    assert.ok(!existsSync(stub.path(installStamp)))
  })

  test('a failed installation shows what npm said and one sentence, and ends with code 1', async (t) => {
    const stub = new StubProject(t, template)
    rmSync(stub.path(installStamp))
    const started = stub.bootstrap(t, ['serve'], replaceNpm(stub, "console.log('npm could not'); process.exit(7)"))
    assert.equal(await started.waitForExit(), 1)
    assert.deepEqual(started.lines, [
      'Installing the dependencies.',
      'npm could not',
      'Installing the dependencies failed: npm ended with code 7 and says why above.',
    ])
  })

  test('a failed build shows what the compiler said and one sentence, and keeps the last build', async (t) => {
    const stub = new StubProject(t, template)
    stub.write('api/server.ts', 'const = 1\n')
    const started = stub.bootstrap(t, ['serve'])
    assert.equal(await started.waitForExit(), 1)
    assert.match(started.text, /api\/server\.ts\(1,7\): error TS1134/)
    assert.equal(started.lines.at(-1), 'The build failed: the TypeScript compiler says why above.')
    assert.ok(existsSync(stub.path('dist/bundle/server.js')))
  })

  test('so does one whose bundle cannot be made', async (t) => {
    const stub = new StubProject(t, template)
    stub.write('api/bootstrap/bundle-modules.ts', "throw new Error('no bundle today')\n")
    const started = stub.bootstrap(t, ['serve'])
    assert.equal(await started.waitForExit(), 1)
    assert.match(started.text, /no bundle today/)
    assert.equal(started.lines.at(-1), 'The build failed: the bundler says why above.')
    assert.ok(existsSync(stub.path('dist/bundle/server.js')))
  })

  test('a published package has no sources and starts as it came', async (t) => {
    const stub = new StubProject(t, template)
    for (const path of ['tsconfig.json', 'api/server.ts', 'dist/api', installStamp, buildStamp]) rmSync(stub.path(path), { recursive: true })
    assert.deepEqual(await readPreparation(stub.bootstrap(t, ['serve'])), [])
    const other = stub.bootstrap(t, ['test'])
    assert.equal(await other.waitForExit(), 0)
    assert.equal(other.text, '["test"]', 'words of development are the command line\'s')
  })

  test('the server gets a thread pool for its cores, unless the environment sets one', async (t) => {
    const stub = new StubProject(t, template)
    const server = await waitUntilReady(stub.bootstrap(t, ['serve']))
    assert.equal(server.threads, String(availableParallelism() * 2 + 2))
    assert.equal((await waitUntilReady(stub.bootstrap(t, ['serve'], { UV_THREADPOOL_SIZE: '9' }))).threads, '9')
  })

  for (const [shell, scriptShell] of [['the default shell', undefined], ['bash', bash]] as const) {
    const env = scriptShell === undefined ? {} : { npm_config_script_shell: scriptShell }
    const skip = shell === 'bash' && bash === undefined && 'bash is not installed'

    test(`Ctrl-C under npm with ${shell} is one SIGINT to the server and leaves no process`, { skip }, async (t) => {
      const npm = new StubProject(t, template).start(t, 'npm', ['start'], env)
      await waitUntilReady(npm)
      npm.killGroup('SIGINT')
      await npm.waitForExit()
      await waitUntilGroupIsGone(npm.pid)
      assert.deepEqual(npm.lines.filter((line) => line.startsWith('got ')), ['got SIGINT'])
    })

    test(`SIGTERM to npm with ${shell} is one SIGTERM to the server and leaves no process`, { skip }, async (t) => {
      const npm = new StubProject(t, template).start(t, 'npm', ['start'], env)
      const server = await waitUntilReady(npm)
      assert.ok(listGroup(npm.pid).includes(server.pid))
      npm.kill('SIGTERM')
      await npm.waitForExit()
      await waitUntilGroupIsGone(npm.pid)
      assert.deepEqual(npm.lines.filter((line) => line.startsWith('got ')), ['got SIGTERM'])
    })
  }

  test('any other word is a command of the CLI, `serve` with an option too, and `run` takes a file', async (t) => {
    const stub = new StubProject(t, template)
    const cli = stub.bootstrap(t, ['classify', 'model', '--json'])
    const serve = stub.bootstrap(t, ['serve', '--help'])
    const file = stub.bootstrap(t, ['run', 'dist/api/cli/main.js', 'argument'])
    assert.equal(await cli.waitForExit(), 0)
    assert.equal(cli.text, '["classify","model","--json"]')
    assert.equal(await serve.waitForExit(), 0)
    assert.equal(serve.text, '["serve","--help"]')
    assert.equal(await file.waitForExit(), 0)
    assert.equal(file.text, '["argument"]')
  })
})

test('no test at all is a failure', () => {
  const { status, stderr } = spawnSync(process.execPath, [join(packageRoot, 'test/run.mjs'), 'nowhere'], { encoding: 'utf8' })
  assert.deepEqual([status, stderr], [1, 'There is no test to run: no file of test/ matches nowhere.\n'])
})

test('an old Node, another system and musl are each rejected with one sentence', () => {
  const { explainUnsupported }: { explainUnsupported: (host: Host) => string | null } =
    createRequire(import.meta.url)(join(packageRoot, 'api/bootstrap/platform.cjs'))
  const linux = { version: '20.19.0', platform: 'linux', arch: 'x64', isMusl: false }
  assert.equal(explainUnsupported(linux), null)
  assert.equal(explainUnsupported({ ...linux, version: '24.0.0', arch: 'arm64' }), null)
  assert.equal(explainUnsupported({ ...linux, platform: 'darwin', arch: 'arm64' }), null)

  assert.equal(explainUnsupported({ ...linux, version: '20.18.3' }), 'GhostServe needs Node 20.19 or newer; this is Node 20.18.3.')
  assert.equal(explainUnsupported({ ...linux, version: '8.17.0' }), 'GhostServe needs Node 20.19 or newer; this is Node 8.17.0.')
  const where = 'GhostServe runs on linux-x64 and linux-arm64 (with glibc) and on darwin-arm64; this is '
  assert.equal(explainUnsupported({ ...linux, platform: 'win32' }), `${where}win32-x64.`)
  assert.equal(explainUnsupported({ ...linux, platform: 'darwin' }), `${where}darwin-x64.`)
  assert.equal(explainUnsupported({ ...linux, isMusl: true }), `${where}linux-x64 with musl.`)
})
