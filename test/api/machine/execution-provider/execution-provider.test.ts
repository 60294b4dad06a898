import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { suite, type TestContext } from 'node:test'
import { executionProviders } from '../../../../api/config.ts'
import { chooseExecutionProvider, type Machine } from '../../../../api/machine/execution-provider/choose-execution-provider.ts'
import { chooseGpuLayout } from '../../../../api/machine/execution-provider/choose-gpu-layout.ts'
import { explainUnavailable, onnxruntimeDirectory } from '../../../../api/machine/execution-provider/execution-provider.ts'
import { readDriverVersion } from '../../../../api/machine/execution-provider/nvidia-driver.ts'
import { readSharedLibrary } from '../../../../api/machine/execution-provider/shared-library.ts'
import { listVulkanDrivers } from '../../../../api/machine/execution-provider/vulkan-drivers.ts'
import { batchBuckets } from '../../../../api/machine/batch-size.ts'
import { makeLibrary } from '../../execution-provider/make-library.ts'

/** A directory with these files. */
function makeDirectory (t: TestContext, files: Record<string, Buffer | string>): string {
  const directory = mkdtempSync(join(tmpdir(), 'ghostserve-provider-'))
  t.after(() => rmSync(directory, { recursive: true }))
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(directory, name), bytes)
  return directory
}

const cuda = 'libonnxruntime_providers_cuda.so'
const shared = 'libonnxruntime_providers_shared.so'

suite('a provider that cannot be loaded', () => {
  test('is explained by its own library, if that is not there', (t) => {
    const directory = makeDirectory(t, {})
    assert.equal(explainUnavailable('cuda', { directory, environment: {} }), `${cuda} is not in ${directory}`)
    assert.match(explainUnavailable('tensorrt', { directory, environment: {} })!, /^libonnxruntime_providers_tensorrt\.so is not in /)
  })

  test('is explained by the library that it needs, or that one of those needs', (t) => {
    const files = { [cuda]: makeLibrary(['libx-one.so.12', shared]), [shared]: makeLibrary([]) }
    const directory = makeDirectory(t, files)
    assert.equal(explainUnavailable('cuda', { directory, environment: {} }),
      `libx-one.so.12, which ${cuda} needs, is not on the library path`)
    const elsewhere = makeDirectory(t, { 'libx-one.so.12': makeLibrary(['libx-two.so.9']) })
    assert.equal(explainUnavailable('cuda', { directory, environment: { LD_LIBRARY_PATH: elsewhere } }),
      `libx-two.so.9, which ${cuda} needs, is not on the library path`)
    writeFileSync(join(elsewhere, 'libx-two.so.9'), makeLibrary(['libx-one.so.12']))
    const environment = { LD_LIBRARY_PATH: `/nowhere:${elsewhere}` }
    assert.equal(explainUnavailable('cuda', { directory, environment }), `libcudnn.so.9, which ${cuda} opens for convolutions, is not on the library path`)
    writeFileSync(join(elsewhere, 'libcudnn.so.9'), makeLibrary([]))
    assert.equal(explainUnavailable('cuda', { directory, environment }), undefined)
  })

  test('is explained by a driver that is too old for its CUDA', (t) => {
    const libraries = { 'libcublas.so.13': makeLibrary(['libcudart.so.13']), 'libcudart.so.13': makeLibrary([]), 'libcudnn.so.9': makeLibrary([]) }
    const directory = makeDirectory(t, { ...libraries, [cuda]: makeLibrary(['libcublas.so.13']), [shared]: makeLibrary([]) })
    const explain = (driver: string | undefined): string | undefined =>
      explainUnavailable('cuda', { directory, environment: { LD_LIBRARY_PATH: directory }, driver })
    assert.equal(explain('535.129.03'), 'CUDA 13 needs an NVIDIA driver of 580 or newer, and this machine\'s is 535.129.03')
    assert.equal(explain('580.82.07'), undefined)
    const version = makeDirectory(t, {
      closed: 'NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.129.03  Thu Oct 19 18:56:32 UTC 2023\n',
      open: 'NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.95.05  Release Build  (dvs-builder@U22)\n',
    })
    assert.deepEqual(['closed', 'open', 'none'].map((file) => readDriverVersion(join(version, file))), ['535.129.03', '580.95.05', undefined])
  })

  test('is explained by Vulkan\'s loader or a driver, if it is webgpu', { skip: process.platform !== 'linux' }, (t) => {
    const directory = onnxruntimeDirectory()
    const withLoader = makeDirectory(t, { 'libvulkan.so.1': makeLibrary([]), 'lvp_icd.json': '{}' })
    const environment = { LD_LIBRARY_PATH: withLoader, VK_DRIVER_FILES: '/nowhere/nvidia_icd.json' }
    assert.equal(explainUnavailable('webgpu', { directory, environment }), 'no Vulkan driver is installed')
    const installed = { ...environment, VK_DRIVER_FILES: join(withLoader, 'lvp_icd.json') }
    assert.equal(explainUnavailable('webgpu', { directory, environment: installed }), undefined)
    assert.deepEqual(listVulkanDrivers(installed), [{ name: 'lvp_icd', isSoftware: true }])
  })
})

test('a Vulkan driver is found where XDG_DATA_DIRS says, as the loader finds it', (t) => {
  const directory = makeDirectory(t, {})
  const environment = { XDG_DATA_DIRS: `/nowhere:${directory}` }
  assert.ok(!listVulkanDrivers(environment).some(({ name }) => name === 'far_icd'))
  mkdirSync(join(directory, 'vulkan/icd.d'), { recursive: true })
  writeFileSync(join(directory, 'vulkan/icd.d/far_icd.json'), '{}')
  assert.deepEqual(listVulkanDrivers(environment).find(({ name }) => name === 'far_icd'), { name: 'far_icd', isSoftware: false })
})

test('a library is read as the loader reads it, and what is none is refused', { skip: process.platform !== 'linux' }, (t) => {
  const { needed, runPath } = readSharedLibrary(join(onnxruntimeDirectory(), 'onnxruntime_binding.node'))
  assert.ok(needed.includes('libonnxruntime.so.1') && needed.includes('libc.so.6'), needed.join())
  assert.deepEqual(runPath, ['$ORIGIN/'])
  const whole = makeLibrary(['liba.so'])
  const directory = makeDirectory(t, { text: 'no library', empty: '', cut: whole.subarray(0, 200) })
  for (const file of ['text', 'empty', 'cut']) assert.throws(() => readSharedLibrary(join(directory, file)), /^Error: Expected a /, file)
})

suite('the choice', () => {
  const machine = (usable: string[], hasGpu = true): Machine => ({
    explainUnavailable: (provider) => usable.includes(provider) ? undefined : 'libx.so is missing',
    hasHardwareWebGpu: () => hasGpu,
    listSupported: () => ['cpu', 'webgpu', 'cuda'],
  })

  test('auto is cuda, webgpu on a GPU, cpu, and never tensorrt', () => {
    assert.equal(chooseExecutionProvider('auto', machine(['cuda', 'tensorrt', 'webgpu'])), 'cuda')
    assert.equal(chooseExecutionProvider('auto', machine(['tensorrt', 'webgpu'])), 'webgpu')
    assert.equal(chooseExecutionProvider('auto', machine(['tensorrt', 'webgpu'], false)), 'cpu')
    assert.equal(chooseExecutionProvider('auto', machine([])), 'cpu')
  })

  test('a named one is taken or refused, never replaced', () => {
    assert.equal(chooseExecutionProvider('webgpu', machine(['webgpu'], false)), 'webgpu')
    assert.throws(() => chooseExecutionProvider('cuda', machine(['webgpu'])), {
      code: 'CONFIG_INVALID', message: 'EXECUTION_PROVIDER=cuda cannot be used because libx.so is missing; `ghostserve doctor` says what can.',
    })
    assert.throws(() => chooseExecutionProvider('tensorrt', machine(['tensorrt'])), /because onnxruntime has only cpu, webgpu, cuda on /)
  })

  test('onnxruntime knows every provider that can be named, on Linux x64', { skip: process.platform !== 'linux' || process.arch !== 'x64' }, async () => {
    const { listSupportedBackends } = await import('onnxruntime-node')
    assert.deepEqual(listSupportedBackends().map(({ name }) => name).sort(), [...executionProviders].sort())
  })
})

test('a GPU has fixed batch sizes up to the largest, a CPU has none', () => {
  assert.deepEqual(batchBuckets('cpu', 8), [])
  assert.deepEqual(batchBuckets('cuda', 8), [1, 2, 4, 8])
  assert.deepEqual(batchBuckets('webgpu', 6), [1, 2, 4, 6])
  assert.deepEqual(batchBuckets('webgpu', 1), [1])
})

test('a GPU gets the float16 graph where it can compute in it, and WebGPU is asked', async () => {
  const asked: string[] = []
  const layoutOn = async (provider: 'cuda' | 'tensorrt' | 'webgpu', reason: string | undefined) =>
    await chooseGpuLayout(provider, '/model', async (...question) => {
      asked.push(question.join(' '))
      return reason
    })
  assert.equal(await layoutOn('cuda', 'not asked'), 'plain-fp16')
  assert.equal(await layoutOn('tensorrt', undefined), 'plain')
  assert.deepEqual(asked, [])
  assert.equal(await layoutOn('webgpu', undefined), 'plain-fp16')
  assert.equal(await layoutOn('webgpu', 'no session can be made: the device does not support f16'), 'plain')
  assert.deepEqual(asked, Array(2).fill('webgpu /model/graphs/plain-fp16.onnx'))
})
