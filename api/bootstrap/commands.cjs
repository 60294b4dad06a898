'use strict'

// What `npm start`, `npm test`, `npm run dev` and `ghostserve ...` do once this Node can run them.
const os = require('node:os')
const { join, resolve } = require('node:path')
const { pathToFileURL } = require('node:url')
const { runNode, stopChildren } = require('./children.cjs')
const { followNpm } = require('./npm-parent.cjs')
const { PreparationError, compiler, dist, forgetBuild, isClone, listFiles, prepare, root } = require('./prepare.cjs')
const { startThreadPool } = require('./thread-pool.cjs')

const server = join(dist, 'bundle/server.js')
const cli = join(dist, 'bundle/cli.js')
/** What the compiler writes while somebody develops. */
const unbundledServer = join(dist, 'api/server.js')

/** Runs a built module in this very process, which therefore gets every signal itself, with `args` as its arguments. */
async function runModule (file, args) {
  process.argv = [process.execPath, file, ...args]
  await import(pathToFileURL(file).href)
}

/** Without the command line, which would make a start longer. */
async function serve () {
  await startThreadPool()
  await prepare()
  await runModule(server, [])
}

/** Take minutes by themselves, or install what they need, so they run only when a word asks for them. */
const askedFor = [
  'dist/test/api/bootstrap', 'dist/test/api/cli/', 'dist/test/api/client/browser', 'dist/test/api/playground/browser', 'dist/test/docs/commands',
  'dist/test/hostile/', 'dist/test/image/', 'dist/test/infra/tiers/', 'dist/test/loadtest/scaling/scaling-document', 'dist/test/training/',
]

/** As many files as cores: Node takes one less, but half of a test's time is spent in waiting for a service. */
const filesAtOnce = `--test-concurrency=${os.availableParallelism()}`

/** Words among `args` select the files whose path holds one of them; options go to `node --test`. */
async function test (args) {
  await prepare()
  const options = args.filter((arg) => arg.startsWith('-'))
  const words = args.filter((arg) => !arg.startsWith('-')).map((word) => word.replace(/\.ts$/, '.js'))
  const files = listFiles('dist/test', (path, entry) => entry.isDirectory() || path.endsWith('.test.js'))
    .filter((path) => words.length === 0 ? !askedFor.some((folder) => path.startsWith(folder)) : words.some((word) => path.includes(word)))
    .sort()
  if (files.length === 0) {
    throw new PreparationError(`There is no test to run: no built file under dist/test matches ${words.join(' or ') || '*.test.js'}.`)
  }
  process.exitCode = await runNode(['--enable-source-maps', '--test', '--test-reporter=spec', filesAtOnce, ...options, ...files], { cwd: root })
}

async function dev (args) {
  await prepare()
  forgetBuild()
  process.exitCode = await Promise.race([
    runNode([compiler, '-p', root, '--watch', '--preserveWatchOutput'], { cwd: root }),
    runNode(['--enable-source-maps', '--watch', unbundledServer, ...args]),
  ])
  stopChildren('SIGTERM')
}

async function run ([file, ...args]) {
  if (file === undefined) throw new PreparationError('`run` needs the path of a built file, for example dist/test/bench/graph.js.')
  await startThreadPool() // what is measured has the threads of what is served
  await prepare()
  await runModule(resolve(file), args)
}

async function runCli (args) {
  await startThreadPool()
  await prepare()
  await runModule(cli, args)
}

/** Of a clone; what is published has sources no more. */
const developmentCommands = new Map(Object.entries(isClone ? { test, dev, prepare, run } : {}))

/** The command that `process.argv` names: whatever has no entry here is for the command line, `serve` with an option too. */
async function runCommand () {
  const [name, ...args] = process.argv.slice(2)
  followNpm()
  try {
    const command = developmentCommands.get(name)
    if (command !== undefined) await command(args)
    else if (name === 'serve' && args.length === 0) await serve()
    else await runCli(process.argv.slice(2))
  } catch (error) {
    if (!(error instanceof PreparationError)) throw error
    console.error(error.message)
    process.exitCode = 1
  }
}

module.exports = { runCommand }
