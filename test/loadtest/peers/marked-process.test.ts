import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { readFamilyUsage } from '../../../loadtest/peers/family-usage.ts'
import { MarkedProcess } from '../../../loadtest/peers/marked-process.ts'
import { familyOf, isAlive, waitFor } from './family.ts'

const skip = process.platform === 'linux' ? false : 'there is no /proc'
const ownerFile = fileURLToPath(new URL('./owner.js', import.meta.url))

test('a whole family ends, with workers that were left behind and one that left its session', { skip }, async () => {
  const family = new MarkedProcess(familyOf('ends when told'))
  await waitFor(() => family.pids().length === 3)
  const pids = family.pids()
  await family.stop(200)
  assert.deepEqual(pids.filter(isAlive), [])
  assert.deepEqual(family.pids(), [])
})

test('a family that ignores being told is killed after the grace', { skip }, async () => {
  const family = new MarkedProcess(familyOf('ignores being told'))
  await waitFor(() => family.pids().length === 3)
  const pids = family.pids()
  await family.stop(50)
  assert.deepEqual(pids.filter(isAlive), [])
})

test('a family is told from another one of the same program', { skip }, async () => {
  const [one, other] = [new MarkedProcess(familyOf('ends when told')), new MarkedProcess(familyOf('ends when told'))]
  await waitFor(() => one.pids().length === 3 && other.pids().length === 3)
  await one.stop(50)
  assert.equal(other.pids().length, 3)
  await other.stop(50)
})

test('what it printed can be read until it is stopped, and its exit code after', { skip }, async () => {
  const speaker = new MarkedProcess({ program: process.execPath, args: ['-e', 'console.log("a sentence"); process.exitCode = 3'] })
  assert.equal(await speaker.end(), 'a sentence')
  assert.equal(speaker.exitCode, 3)
})

test('a program that does not exist ends at once', { skip }, async () => {
  const missing = new MarkedProcess({ program: '/nonexistent/server', args: [] })
  await missing.end()
  assert.equal(missing.isRunning, false)
})

test('the use of a family has the processor time and memory of its workers', { skip }, async () => {
  const burn = 'const end = Date.now() + 60000; while (process.cpuUsage().user < 300_000 && Date.now() < end); setInterval(() => {}, 1000)'
  const worker = `require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(burn)}]); setInterval(() => {}, 1000)`
  const family = new MarkedProcess({ program: process.execPath, args: ['-e', worker] })
  try {
    await waitFor(() => family.pids().length === 2 && readFamilyUsage([family.pids().find((pid) => pid !== family.pid)!]).cpuMs >= 300)
    const usage = readFamilyUsage(family.pids())
    const parent = readFamilyUsage([family.pid])
    assert.ok(usage.cpuMs >= parent.cpuMs + 300, `${usage.cpuMs} ms, the parent alone ${parent.cpuMs} ms`)
    assert.ok(usage.rssBytes > parent.rssBytes && usage.pssBytes < usage.rssBytes, 'shared pages count once in the proportional share')
  } finally {
    await family.stop(50)
  }
})

for (const [how, argument, signal] of [['Ctrl-C', '', 'SIGINT'], ['an uncaught error', 'fail', undefined]] as const) {
  test(`${how} leaves nobody and nothing behind`, { skip }, async () => {
    const owner = spawn(process.execPath, [ownerFile, argument], { stdio: ['ignore', 'pipe', 'ignore'] })
    const exit = once(owner, 'exit') as Promise<[number | null, NodeJS.Signals | null]>
    const [line] = await once(createInterface({ input: owner.stdout }), 'line') as [string]
    const { pids, folder } = JSON.parse(line) as { pids: number[], folder: string }
    assert.equal(pids.length, 3)
    if (signal !== undefined) owner.kill(signal)
    const [exitCode, endedBy] = await exit
    assert.deepEqual(pids.filter(isAlive), [])
    assert.ok(!existsSync(folder))
    if (signal === undefined) assert.equal(exitCode, 1)
    else assert.equal(endedBy, signal)
  })
}
