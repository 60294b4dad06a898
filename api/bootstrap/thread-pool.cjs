'use strict'

// libuv's thread pool, which decodes images. Its size and its threads' priority are fixed at its first use.
const { availableParallelism, platform } = require('node:os')
const { Worker } = require('node:worker_threads')

// Between the main thread (0) and the sessions' threads (10): see docs/decisions/0011.
const poolNiceness = 5

// A new thread inherits the priority of its creator, and the pool's threads are created at its first use.
const firstUse = `
  const { getPriority, setPriority } = require('node:os')
  try { if (getPriority() < ${poolNiceness}) setPriority(${poolNiceness}) } catch {} // a sandbox may forbid it
  require('node:crypto').randomBytes(1, () => {})
`

/** Sets the pool's size and priority. Must run before the process uses the pool, e.g. by an asynchronous file read or an ES import. */
async function startThreadPool () {
  // Two decodes per core (api/engine/create-classifier.ts), and threads for file reads and DNS.
  process.env.UV_THREADPOOL_SIZE ||= String(availableParallelism() * 2 + 2)
  // Only Linux has priorities per thread.
  if (platform() !== 'linux') return
  const worker = new Worker(firstUse, { eval: true })
  await new Promise((resolve, reject) => worker.once('exit', resolve).once('error', reject))
}

module.exports = { startThreadPool }
