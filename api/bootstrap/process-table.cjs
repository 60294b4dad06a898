'use strict'

// What the system knows of other processes.
const { spawnSync } = require('node:child_process')
const { readFileSync } = require('node:fs')

/** The fields of proc(5)'s `stat` from the third, `state`, on; undefined where there is no such process, or no /proc. */
function readStatus (pid) {
  try {
    const status = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const nameEnd = status.lastIndexOf(')')
    const [state, parent, ...rest] = status.slice(nameEnd + 2).split(' ')
    return { name: status.slice(status.indexOf('(') + 1, nameEnd), state, parent: Number(parent), started: rest[17] }
  } catch {
    return undefined
  }
}

function readStatusFromPs (pid) {
  const { stdout } = spawnSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], { encoding: 'utf8' })
  const [state, ...started] = (stdout ?? '').trim().split(/\s+/)
  return { state, started: started.join(' ') }
}

/** When process `pid` started, which tells it from a later one of the same number; null once it is dead. */
function readStartTime (pid) {
  const status = process.platform === 'linux' ? readStatus(pid) : readStatusFromPs(pid)
  return status?.state && !'ZX'.includes(status.state[0]) ? status.started : null
}

module.exports = { readStartTime, readStatus }
