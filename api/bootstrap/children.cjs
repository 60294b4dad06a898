'use strict'

// Child processes of this Node that never outlive it: a signal to this process ends them first.
const { spawn } = require('node:child_process')
const { constants } = require('node:os')

const forwardedSignals = ['SIGINT', 'SIGTERM', 'SIGHUP']
const running = new Set()
let stopSignal

function stopChildren (signal) {
  for (const child of running) child.kill(signal)
}

function forward (signal) {
  stopSignal = signal
  stopChildren(signal)
}

function track (child) {
  if (running.size === 0) for (const signal of forwardedSignals) process.on(signal, forward)
  running.add(child)
}

function untrack (child) {
  running.delete(child)
  if (running.size > 0) return
  for (const signal of forwardedSignals) process.removeListener(signal, forward)
  // Whoever sent the signal must see this process die of it, not of an ordinary exit.
  if (stopSignal !== undefined) process.kill(process.pid, stopSignal)
}

/** Exit code of `node ...args`; 128 + n for a child that signal n ended, as shells count. */
function runNode (args, { onStart, ...options } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { stdio: 'inherit', ...options })
    child.once('error', reject)
    if (child.pid === undefined) return
    track(child)
    onStart?.(child.pid)
    child.once('exit', (code, signal) => {
      untrack(child)
      if (stopSignal === undefined) resolve(code ?? 128 + constants.signals[signal])
    })
  })
}

module.exports = { runNode, stopChildren }
