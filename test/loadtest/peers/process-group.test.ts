import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { ProcessGroup } from '../../../loadtest/peers/process-group.ts'
import { readProportionalBytes, sumUsage } from '../../../loadtest/process-usage.ts'

const skip = process.platform === 'linux' ? false : 'there is no /proc'

/** A program like a server: it starts a worker, which starts one that leaves the session and ignores SIGTERM. */
const stubborn = 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000)'
const start = (script: string, options: string): string =>
  `require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(script)}], ${options}); setInterval(() => {}, 1000)`
const server = { program: process.execPath, args: ['-e', start(start(stubborn, '{ detached: true, stdio: "ignore" }'), '{ stdio: "ignore" }')] }

function isAlive (pid: number): boolean {
  return (sumUsage([pid])?.rssBytes ?? 0) > 0 // a process that waits to be collected has no memory
}

async function waitFor (condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(20)
}

test('all of a group ends, with a worker that left its session, and none of another', { skip }, async () => {
  const [one, other] = [new ProcessGroup(server), new ProcessGroup(server)]
  await waitFor(() => one.pids().length === 3 && other.pids().length === 3)
  const pids = one.pids()
  await one.stop(200)
  await waitFor(() => !pids.some(isAlive))
  assert.equal(other.pids().length, 3)
  await other.stop(50)
})

test('what it printed can be read at its end, with its exit code', { skip }, async () => {
  const speaker = new ProcessGroup({ program: process.execPath, args: ['-e', 'console.log("a sentence"); process.exitCode = 3'] })
  assert.equal(await speaker.end(), 'a sentence')
  assert.equal(speaker.exitCode, 3)
})

test('a program that does not exist is an error', { skip }, () => {
  assert.throws(() => new ProcessGroup({ program: '/nonexistent/server', args: [] }), { code: 'NO_SERVICE' })
})

test('the use of a group has the processor time and memory of its workers', { skip }, async () => {
  const burn = 'while (process.cpuUsage().user < 300_000); setInterval(() => {}, 1000)'
  const group = new ProcessGroup({ program: process.execPath, args: ['-e', start(burn, '{}')] })
  try {
    await waitFor(() => group.pids().length === 2 && sumUsage(group.pids())!.cpuSeconds - sumUsage([group.pid])!.cpuSeconds >= 0.3)
    const [all, parent] = [sumUsage(group.pids())!, sumUsage([group.pid])!]
    assert.ok(all.rssBytes > parent.rssBytes)
    assert.ok(readProportionalBytes(group.pids()) < all.rssBytes, 'shared pages count once in the proportional share')
  } finally {
    await group.stop(50)
  }
})

test('Ctrl-C leaves no process and no file behind', { skip }, async () => {
  const owner = spawn(process.execPath, ['--input-type=module', '-e', `
    import { cleanUpAtExit, ProcessGroup } from ${JSON.stringify(import.meta.resolve('../../../loadtest/peers/process-group.js'))}
    cleanUpAtExit()
    const group = new ProcessGroup(${JSON.stringify(server)})
    const timer = setInterval(() => {
      if (group.pids().length < 3) return
      console.log(JSON.stringify({ pids: group.pids(), folder: process.env.TMPDIR }))
      clearInterval(timer)
    }, 20)
    setInterval(() => {}, 1000)
  `], { stdio: ['ignore', 'pipe', 'inherit'] })
  const exit = once(owner, 'exit')
  const [line] = await once(createInterface({ input: owner.stdout }), 'line') as [string]
  const { pids, folder } = JSON.parse(line) as { pids: number[], folder: string }
  assert.equal(pids.length, 3)
  owner.kill('SIGINT')
  assert.deepEqual(await exit, [130, null])
  await waitFor(() => !pids.some(isAlive))
  assert.ok(!existsSync(folder))
})
