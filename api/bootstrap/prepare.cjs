'use strict'

// Makes node_modules/ and dist/ match the sources. Modification times mean nothing after a clone, so matching is by content, and the stamp that
// says so is written last: whatever is interrupted has none and is done again.
const { createHash } = require('node:crypto')
const fs = require('node:fs')
const { delimiter, dirname, join, resolve } = require('node:path')
const { runNode } = require('./children.cjs')
const { acquireLock } = require('./lock.cjs')

const root = resolve(__dirname, '../..')
const dist = join(root, 'dist')
/** A published package has no sources and comes prepared. */
const isClone = fs.existsSync(join(root, 'tsconfig.json'))
const installStamp = join(root, 'node_modules/.ghostserve.json')
const buildStamp = join(dist, '.ghostserve.json')
const compiler = join(root, 'node_modules/typescript/bin/tsc')
const graphs = join(root, 'models/bundled/graphs')
const graphMaker = join(dist, 'api/bootstrap/prepare-bundled.js')
/** In a build that is not in its place yet. */
const bundler = 'api/bootstrap/bundle-modules.js'

/** A preparation that failed for a reason that its message says in one sentence. */
class PreparationError extends Error {}

// Standard output belongs to the command that follows, which may print JSON.
const say = (sentence) => process.stderr.write(`${sentence}\n`)
const quietStdio = ['ignore', 2, 2]

function listFiles (folder, isWanted) {
  if (!fs.existsSync(join(root, folder))) return []
  return fs.readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`
    if (!isWanted(path, entry)) return []
    return entry.isDirectory() ? listFiles(path, isWanted) : entry.isFile() ? [path] : []
  })
}

function digestFiles (paths, ...facts) {
  const hash = createHash('sha256').update(JSON.stringify(facts))
  for (const path of paths) {
    const bytes = fs.readFileSync(join(root, path))
    hash.update(`\n${path} ${bytes.length}\n`).update(bytes)
  }
  return hash.digest('hex')
}

function digestInstallInputs () {
  const paths = ['package.json', 'package-lock.json', '.npmrc'].filter((path) => fs.existsSync(join(root, path)))
  return digestFiles(paths, process.platform, process.arch, process.versions.node.split('.')[0])
}

function digestBuildInputs () {
  const paths = [
    ...listFiles('api', () => true),
    ...listFiles('loadtest', (path, entry) => entry.isDirectory() || path.endsWith('.ts')),
    ...listFiles('models', (path) => path !== 'models/training' && path !== 'models/bundled/graphs'),
    ...listFiles('test', (path, entry) => entry.isDirectory() || path.endsWith('.ts')),
    'tsconfig.json',
    'package-lock.json',
  ]
  return digestFiles(paths.sort())
}

function hasStamp (path, inputs) {
  try {
    return JSON.parse(fs.readFileSync(path, 'utf8')).inputs === inputs
  } catch {
    return false
  }
}

const writeStamp = (path, inputs) => fs.writeFileSync(path, JSON.stringify({ inputs }))

const isInstalled = () => hasStamp(installStamp, digestInstallInputs())
const isBuilt = () => hasStamp(buildStamp, digestBuildInputs()) && (fs.existsSync(graphs) || !fs.existsSync(graphMaker))

/** npm's own file, so that it runs on this Node, whatever a shell would find first. */
function findNpm () {
  const onPath = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'npm'))
  const besideNode = join(dirname(process.execPath), '../lib/node_modules/npm/bin/npm-cli.js')
  for (const candidate of [process.env.npm_execpath, besideNode, ...onPath]) {
    if (!candidate || !fs.existsSync(candidate)) continue
    const file = fs.realpathSync(candidate)
    if (file.endsWith('npm-cli.js')) return file
  }
  throw new PreparationError('npm is needed to install the dependencies, and it is neither beside this Node nor on the PATH.')
}

/** @throws {PreparationError} with the sentence that `explain` makes of the exit code, if it is not 0. */
async function runStep (args, lock, explain) {
  const exitCode = await runNode(args, { cwd: root, stdio: quietStdio, onStart: lock.include })
  if (exitCode !== 0) throw new PreparationError(explain(exitCode))
}

async function install (lock) {
  const inputs = digestInstallInputs()
  say('Installing the dependencies.')
  fs.rmSync(installStamp, { force: true })
  const args = [findNpm(), 'ci', '--prefix', root, '--include=dev', '--ignore-scripts', '--no-audit', '--no-fund']
  await runStep(args, lock, (exitCode) => `Installing the dependencies failed: npm ended with code ${exitCode} and says why above.`)
  writeStamp(installStamp, inputs)
}

// The folders stand beside dist/ because source maps hold paths relative to where they were written.
async function build (lock) {
  const inputs = digestBuildInputs()
  const next = `${dist}.next`
  const previous = `${dist}.previous`
  const remove = (folder) => fs.rmSync(folder, { recursive: true, force: true })

  say('Building.')
  remove(next)
  await runStep([compiler, '-p', root, '--outDir', next], lock, () => 'The build failed: the TypeScript compiler says why above.')
  await runStep([join(next, bundler)], lock, () => 'The build failed: the bundler says why above.')
  remove(previous)
  if (fs.existsSync(dist)) fs.renameSync(dist, previous)
  fs.renameSync(next, dist)
  remove(previous)
  if (fs.existsSync(graphMaker)) {
    await runStep([graphMaker], lock, () => 'The build failed: the graphs of the bundled model could not be made, for the reason above.')
  }
  writeStamp(buildStamp, inputs)
}

/** From here on `dist/` is written by others, and only a build may say again what it matches. */
function forgetBuild () {
  fs.rmSync(buildStamp, { force: true })
}

/**
 * Installs and builds what does not match, and nothing else.
 *
 * @throws {PreparationError}
 */
async function prepare () {
  if (!isClone) return
  if (isInstalled() && isBuilt()) return
  const workFolder = join(root, '.ghostserve')
  fs.mkdirSync(workFolder, { recursive: true })
  const lock = await acquireLock(join(workFolder, 'lock'), say)
  try {
    if (!isInstalled()) await install(lock)
    if (!isBuilt()) await build(lock)
  } finally {
    lock.release()
  }
}

module.exports = { PreparationError, compiler, dist, forgetBuild, isClone, listFiles, prepare, root }
