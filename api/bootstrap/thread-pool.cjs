'use strict'

// libuv's thread pool, in which images are decoded. Its size and its threads' priority are settled once, at its first use.
const { availableParallelism, platform } = require('node:os')
const { Worker } = require('node:worker_threads')

// Between the main thread (0) and the sessions' threads (10): see docs/decisions/0011.
const poolNiceness = 5

// A new thread has the priority of the one that makes it, and the pool's are made by whoever uses it first.
const firstUse = `
  const { getPriority, setPriority } = require('node:os')
  try { if (getPriority() < ${poolNiceness}) setPriority(${poolNiceness}) } catch {} // a sandbox may forbid it
  require('node:crypto').randomBytes(1, () => {})
`

/** Must run before anything in this process uses the pool, as reading a file asynchronously or importing an ES module does. */
async function startThreadPool () {
  // Two decodes a core (api/engine/create-classifier.ts), and threads for file reads and DNS beside them.
  process.env.UV_THREADPOOL_SIZE ||= String(availableParallelism() * 2 + 2)
  // Only Linux gives each thread a priority of its own.
  if (platform() !== 'linux') return
  const worker = new Worker(firstUse, { eval: true })
  await new Promise((resolve, reject) => worker.once('exit', resolve).once('error', reject))
}

module.exports = { startThreadPool }
