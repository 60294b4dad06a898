'use strict'

// The commands of `npm start` and `ghostserve ...`, once this Node is known to run them.
const { join, resolve } = require('node:path')
const { pathToFileURL } = require('node:url')
const { PreparationError, prepare, root } = require('./prepare.cjs')
const { startThreadPool } = require('./thread-pool.cjs')

/**
 * Makes one Ctrl-C one SIGINT under npm: the terminal signals this process and npm, and npm passes the signal on again. A server
 * would take the second one for an impatient user and drop its requests.
 */
function ignoreEchoes () {
  if (process.env.npm_lifecycle_event === undefined) return
  let lastSignalMs = -Infinity
  // Node binds `process.emit` at the first listener of a signal: this must run before any is added.
  const emit = process.emit
  process.emit = function emitWithoutEchoes (event, ...args) {
    if (event !== 'SIGINT' && event !== 'SIGTERM') return emit.call(this, event, ...args)
    const isEcho = performance.now() - lastSignalMs < 2000 // npm waits for a core on a busy machine
    lastSignalMs = performance.now()
    return isEcho || emit.call(this, event, ...args)
  }
}

/** Runs a built module in this process, which therefore gets every signal itself, with `args` as its arguments. */
async function runModule (file, args) {
  process.argv = [process.execPath, file, ...args]
  await import(pathToFileURL(file).href)
}

/** Runs a command: one of the first three words here, anything else (and `serve` with options) on the slower command line. */
async function runCommand () {
  const [name, ...args] = process.argv.slice(2)
  ignoreEchoes()
  try {
    await startThreadPool()
    if (name === 'run') return await runModule(resolve(args[0]), args.slice(1)) // measured programs get the same threads as the service
    await prepare()
    if (name === 'prepare') return
    if (name === 'serve' && args.length === 0) await runModule(join(root, 'dist/bundle/server.js'), [])
    else await runModule(join(root, 'dist/bundle/cli.js'), process.argv.slice(2))
  } catch (error) {
    if (!(error instanceof PreparationError)) throw error
    console.error(error.message)
    process.exitCode = 1
  }
}

module.exports = { runCommand }
