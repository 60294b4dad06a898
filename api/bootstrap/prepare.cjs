'use strict'

// Makes node_modules/ and dist/ match the sources of a clone. Modification times mean nothing after a clone, so contents are compared, and the
// stamp of a step is written last: an interrupted step has none and is repeated.
const { spawn } = require('node:child_process')
const { createHash } = require('node:crypto')
const fs = require('node:fs')
const { constants } = require('node:os')
const { join, resolve } = require('node:path')

const root = resolve(__dirname, '../..')
const endingSignals = ['SIGINT', 'SIGTERM', 'SIGHUP']
const notSources = ['models/training', 'models/bundled/graphs']

/** A failed preparation, whose message is one sentence for the user. */
class PreparationError extends Error {}

/** Runs a command with its output on standard error, since standard output may be JSON. A signal to this process ends the command first. */
function run (command, args, explain) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 2, 2] })
    let stopSignal
    const forward = (signal) => child.kill(stopSignal = signal)
    for (const signal of endingSignals) process.on(signal, forward)
    child.once('error', reject).once('exit', (code, signal) => {
      for (const signal of endingSignals) process.removeListener(signal, forward)
      // The sender of the signal must see this process die of it, not exit normally.
      if (stopSignal !== undefined) process.kill(process.pid, stopSignal)
      else if (code === 0) resolve()
      else reject(new PreparationError(explain(code ?? 128 + constants.signals[signal])))
    })
  })
}

function listFiles (path) {
  if (notSources.includes(path) || !fs.existsSync(join(root, path))) return []
  return fs.statSync(join(root, path)).isDirectory() ? fs.readdirSync(join(root, path)).sort().flatMap((name) => listFiles(`${path}/${name}`)) : [path]
}

/** Digest of files and folders, and of other values that a step depends on. */
function digest (paths, ...facts) {
  const hash = createHash('sha256').update(JSON.stringify(facts))
  for (const path of paths.flatMap(listFiles)) hash.update(`\n${path}\n`).update(fs.readFileSync(join(root, path)))
  return hash.digest('hex')
}

/** Does the work unless the stamp says that it was done on these inputs. */
async function once (name, inputs, work) {
  const stamp = join(root, name)
  if (fs.existsSync(stamp) && fs.readFileSync(stamp, 'utf8') === inputs) return
  fs.rmSync(stamp, { force: true })
  await work()
  fs.writeFileSync(stamp, inputs)
}

async function install () {
  console.error('Installing the dependencies.')
  const { npm_execpath: npm = '' } = process.env
  const [command, ...start] = npm.endsWith('npm-cli.js') ? [process.execPath, npm] : ['npm']
  const args = [...start, 'ci', '--include=dev', '--ignore-scripts', '--no-audit', '--no-fund']
  await run(command, args, (exitCode) => `Installing the dependencies failed: npm ended with code ${exitCode} and says why above.`)
}

async function build () {
  console.error('Building.')
  const [tsc, graphMaker] = ['node_modules/typescript/bin/tsc', 'dist/api/bootstrap/prepare-bundled.js']
  await run(process.execPath, [tsc, '-p', 'tsconfig.build.json'], () => 'The build failed: the TypeScript compiler says why above.')
  await run(process.execPath, ['dist/api/bootstrap/bundle-modules.js'], () => 'The build failed: the bundler says why above.')
  await run(process.execPath, [graphMaker], () => 'The build failed: the graphs of the bundled model could not be made, for the reason above.')
}

/** Installs and builds if needed. A published package has no sources and comes prepared. @throws {PreparationError} */
async function prepare () {
  if (!fs.existsSync(join(root, 'tsconfig.json'))) return
  const { platform, arch, versions } = process
  await once('node_modules/.ghostserve.json', digest(['package.json', 'package-lock.json', '.npmrc'], platform, arch, versions.node.split('.')[0]), install)
  await once('dist/.ghostserve.json', digest(['api', 'models', 'tsconfig.json', 'tsconfig.build.json', 'package-lock.json']), build)
}

module.exports = { PreparationError, prepare, root }
