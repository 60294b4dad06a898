/** The arithmetic of gpu.md on numbers that can be checked by hand, and the document against the script. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import test from 'node:test'
import { replaceSection } from '../../../loadtest/generated-section.ts'
import { coresForGpu, costOfMillion, decodeSeconds, imagesPerSecond, totalSeconds } from '../../../loadtest/sizing/gpu-node.ts'
import { gpuDocument, gpuSection, renderGpuSection } from '../../../loadtest/sizing/gpu-document.ts'
import { readMeasured } from '../../../loadtest/sizing/measured.ts'
import { readThreadSeconds, readUsage } from '../../../loadtest/process-usage.ts'

test('an image of 1 ms HTTP, 4 ms decoding and 5 ms network on a node, 8 ms where the session decodes', () => {
  const cpu = { http: 1, decode: 4, session: 5, onCpu: 8 }
  assert.equal(decodeSeconds(cpu), 0.005)
  assert.equal(totalSeconds(cpu), 0.008)
  assert.equal(coresForGpu(10_000, 0.005), 50)
  assert.equal(imagesPerSecond(4, 0.005), 800)
  assert.equal(costOfMillion(3.6, 1000), 1) // 1,000 s at a tenth of a cent
})

test('infra/gpu.md has the numbers that `npm run docs:gpu` writes', () => {
  const text = readFileSync(gpuDocument, 'utf8')
  assert.equal(text, replaceSection(text, gpuSection, renderGpuSection()))
})

test('what it is computed from is plausible: decoding 12 megapixels costs more, running the network does not', () => {
  const { web, phone } = readMeasured().cpuMs
  assert.ok(phone.decode > 5 * web.decode)
  assert.ok(phone.session < 2 * web.session && web.session < 2 * phone.session)
})

test('the threads of a process have used at most what it has', { skip: process.platform !== 'linux' && 'there is no /proc' }, () => {
  for (const until = performance.now() + 50; performance.now() < until;); // something to see
  const ofThreads = [...readThreadSeconds(process.pid).values()].reduce((sum, seconds) => sum + seconds, 0)
  assert.ok(ofThreads > 0)
  assert.ok(ofThreads <= readUsage(process.pid)!.cpuSeconds + 0.02)
})

test('a section without marks is refused', () => {
  assert.equal(replaceSection('a\n<!-- x -->\nold\n<!-- /x -->\nb', 'x', 'new'), 'a\n<!-- x -->\nnew\n<!-- /x -->\nb')
  assert.throws(() => replaceSection('nothing', 'x', 'new'), /marks of the section x/)
})
