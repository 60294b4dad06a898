'use strict'

// npm as a parent: it repeats signals, and the shell between it and this process may keep them.
const { readStatus } = require('./process-table.cjs')

const echoWindowMs = 500
const parentPollMs = 250

/** Pids from the parent up to the outermost npm; only the parent where there is no /proc, as on macOS, whose shell gets out of the way. */
function listNpmAncestors () {
  const pids = [process.ppid]
  let count = 1
  for (let pid = process.ppid; pid > 1; pid = pids.at(-1)) {
    const status = readStatus(pid)
    if (status === undefined) break
    if (status.name.startsWith('npm')) count = pids.length
    pids.push(status.parent)
  }
  return pids.slice(0, count)
}

const hasLost = (ancestors) => process.ppid !== ancestors[0] ||
  ancestors.some((pid, index) => index > 0 && readStatus(ancestors[index - 1])?.parent !== pid)

/**
 * Makes one Ctrl-C one SIGINT and one `kill` of npm one SIGTERM, when npm started this process.
 *
 * On Ctrl-C the terminal signals this process and npm, and npm passes it on once more (npx above it again): a server would take the second one for
 * an impatient user and drop its requests. A shell that does not `exec` its command (dash) dies of npm's SIGTERM and tells nobody: then the only
 * trace is that somebody between this process and npm has another parent.
 */
function followNpm () {
  if (process.env.npm_lifecycle_event === undefined) return
  const ancestors = listNpmAncestors()
  let lastSignalMs = -Infinity

  // Node binds `process.emit` when the first listener of a signal comes: this must run before any is added.
  const emit = process.emit
  process.emit = function emitWithoutEchoes (event, ...args) {
    if (event === 'SIGINT' || event === 'SIGTERM') {
      const nowMs = performance.now()
      if (nowMs - lastSignalMs < echoWindowMs) return true
      lastSignalMs = nowMs
    }
    return emit.call(this, event, ...args)
  }

  const poll = setInterval(() => {
    if (!hasLost(ancestors)) return
    clearInterval(poll)
    if (lastSignalMs === -Infinity) process.kill(process.pid, 'SIGTERM')
  }, parentPollMs).unref()
}

module.exports = { followNpm }
