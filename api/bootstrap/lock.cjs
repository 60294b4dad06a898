'use strict'

// A lock file that outlives no process: a dead holder's lock is taken over.
const { randomUUID } = require('node:crypto')
const fs = require('node:fs')
const { setTimeout: sleep } = require('node:timers/promises')
const { readStartTime } = require('./process-table.cjs')

const pollMs = 100
const noticeAfterMs = 1_000

const describeProcess = (pid) => ({ pid, started: readStartTime(pid) })
const isAlive = ({ pid, started }) => started !== null && readStartTime(pid) === started

function readHolder (path) {
  try {
    return JSON.parse(fs.readFileSync(path, 'utf8'))
  } catch (error) {
    if (error.code === 'ENOENT') return undefined
    throw error
  }
}

/** Writes a file beside `path` and lets `publish` move it there, so that nobody ever reads half of it. */
function writeWhole (path, holder, publish) {
  const draft = `${path}.${randomUUID()}.draft`
  fs.writeFileSync(draft, JSON.stringify(holder), { flag: 'wx' })
  try {
    publish(draft, path)
  } finally {
    fs.rmSync(draft, { force: true })
  }
}

function tryToHold (path, holder) {
  try {
    writeWhole(path, holder, fs.linkSync)
    return true
  } catch (error) {
    if (error.code === 'EEXIST') return false
    throw error
  }
}

/**
 * Removes the lock of the dead process `dead`. Of two that found it dead the slower must not remove the faster one's new lock, so a removal is
 * itself done under a lock, one named after the dead holder, and looks again first.
 */
function removeDead (path, dead, self) {
  const removal = `${path}.${dead.nonce}`
  if (!take(removal, self)) return
  if (readHolder(path)?.nonce === dead.nonce) fs.rmSync(path)
  fs.rmSync(removal)
}

function take (path, self) {
  if (tryToHold(path, self)) return true
  const holder = readHolder(path)
  if (holder !== undefined && !holder.processes.some(isAlive)) removeDead(path, holder, self)
  return false
}

/**
 * Waits until this process holds the lock at `path`.
 *
 * @returns `include(pid)` keeps the lock held while that child lives, even if this process is killed; `release()` ends it.
 */
async function acquireLock (path, say) {
  const self = { nonce: randomUUID(), processes: [describeProcess(process.pid)] }
  const noticeAtMs = performance.now() + noticeAfterMs
  let isNoticeDue = true
  while (!take(path, self)) {
    if (isNoticeDue && performance.now() > noticeAtMs) {
      isNoticeDue = false
      say(`Waiting for process ${readHolder(path)?.processes[0].pid}, which is preparing this folder.`)
    }
    await sleep(pollMs)
  }
  return {
    include (pid) {
      self.processes.push(describeProcess(pid))
      writeWhole(path, self, fs.renameSync)
    },
    release () {
      fs.rmSync(path)
    },
  }
}

module.exports = { acquireLock }
